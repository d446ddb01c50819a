//! Settings of the providers of music.

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

/// The Spotify integration. Without a client id it is disabled and everything else works.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Spotify")]
pub struct SpotifyConfig {
    /// Client id of the app registered at Spotify. Not a secret: logins use PKCE.
    #[arg(long, env = "TUTTI_SPOTIFY_CLIENT_ID")]
    pub spotify_client_id: Option<String>,

    /// Redirect URI of the app, exactly as registered at Spotify; must be https or on 127.0.0.1. Default:
    /// `/api/v1/auth/spotify/callback` below the public URL.
    #[arg(long, env = "TUTTI_SPOTIFY_REDIRECT_URL")]
    pub spotify_redirect_url: Option<String>,

    /// Base URL of Spotify's accounts service, with `/authorize` and `/api/token`.
    #[arg(long, env = "TUTTI_SPOTIFY_ACCOUNTS_URL", default_value = "https://accounts.spotify.com")]
    pub spotify_accounts_url: String,

    /// Base URL of Spotify's Web API, with `/v1/me`.
    #[arg(long, env = "TUTTI_SPOTIFY_API_URL", default_value = "https://api.spotify.com")]
    pub spotify_api_url: String,

    /// URL of Spotify's Web Playback SDK, the script with which browsers play.
    #[arg(long, env = "TUTTI_SPOTIFY_SDK_URL", default_value = "https://sdk.scdn.co/spotify-player.js")]
    pub spotify_sdk_url: String,
}

/// A provider for tests.
#[derive(Args, Clone, Debug)]
pub struct ScriptedConfig {
    /// Enables the scripted provider. For tests only.
    #[arg(long, env = "TUTTI_SCRIPTED_PROVIDER", hide = true)]
    pub scripted_provider: bool,
}

/// Who may fetch audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AudioAccess {
    /// Members of a room in which the track is on or coming up.
    Members,
    /// Everybody who is logged in, guests included.
    Users,
}

/// The server's own music.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Library")]
pub struct LibraryConfig {
    /// Folders with music files, separated by colons. Default: the built-in demo library.
    #[arg(long, env = "TUTTI_LIBRARY_DIR", value_delimiter = ':')]
    pub library_dir: Vec<PathBuf>,

    /// Whether a background pass measures the exact length and loudness of every track. Without it tracks are measured when
    /// they are queued.
    #[arg(long, env = "TUTTI_LIBRARY_ANALYSIS", default_value_t = true, action = ArgAction::Set)]
    pub library_analysis: bool,

    /// Most MiB of prepared segments on disk, below the data directory; 0: none. Segments are what devices play.
    #[arg(long, env = "TUTTI_SEGMENT_CACHE_MIB", default_value_t = 2048)]
    pub segment_cache_mib: u64,

    /// Who may fetch audio: `members` of a room in which the track is on or coming up, or all `users`, guests included.
    #[arg(long, env = "TUTTI_AUDIO_ACCESS", value_enum, default_value_t = AudioAccess::Members)]
    pub audio_access: AudioAccess,

    /// Seconds between two scans of folders that cannot be watched for changes, such as on network drives.
    #[arg(long, env = "TUTTI_LIBRARY_RESCAN_SECONDS", default_value_t = 3600, value_parser = clap::value_parser!(u64).range(1..))]
    pub library_rescan_seconds: u64,
}
