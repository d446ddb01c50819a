//! URLs, origins and networks in settings. Parsing them says what is wrong with a value and what to write instead.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use reqwest::Url;

/// The URL under which users reach this server: an origin, and a path where a proxy gives the server a part of a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    /// Without a slash at its end.
    url: String,
    origin_bytes: usize,
}

/// An origin: scheme, host, and a port where it is not the scheme's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageOrigin(String);

/// An address, or the addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    base: IpAddr,
    prefix: u8,
}

/// Some networks. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Networks(Arc<[Network]>);

/// Why a value is refused, and what to write instead.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// Nothing between two commas, or nothing at all.
    #[error("it is empty; leave it out")]
    Empty,
    /// A host name without `http://`.
    #[error("the scheme is missing; write https://{0}, or http://{0} if it has no certificate")]
    NoScheme(String),
    /// `ws://` and the like.
    #[error("the scheme must be https or http")]
    Scheme,
    /// `https://*.example`.
    #[error("there are no wildcards; list every origin")]
    Wildcard,
    /// Not a URL.
    #[error("{0}; write a URL such as https://tutti.example")]
    Malformed(String),
    /// `https://user@tutti.example`.
    #[error("a user name or password has no place in it; write {0}")]
    Credentials(String),
    /// `https://tutti.example/?a=b`.
    #[error("it must end before ? and #; write {0}")]
    Query(String),
    /// A path where none is possible.
    #[error("an origin has no path; write {0}")]
    Path(String),
    /// A path that would be escaped.
    #[error("its path may have letters, digits and - . _ ~ between slashes, such as https://home.example/tutti")]
    PathCharacters,
    /// Neither an address nor a network.
    #[error("write an address such as 10.0.0.2, or a network such as 10.0.0.0/8 or fd00::/8; names are not looked up")]
    Network,
    /// `10.0.0.0/40`.
    #[error("an {0} network has at most {1} bits after the slash")]
    Prefix(&'static str, u8),
    /// `10.1.2.3/8`.
    #[error(
        "the address has bits after the first {prefix}; write {network} for the network, or {address} for one address"
    )]
    HostBits {
        /// The address as it was written.
        address: IpAddr,
        /// The bits that were asked for.
        prefix: u8,
        /// The network in which the address is.
        network: Network,
    },
    /// `0.0.0.0/0`.
    #[error("it contains every address, so any client could forge its own; list the proxies' addresses or networks")]
    Everything,
    /// Not an address with a port.
    #[error("write an address and a port, such as {0}")]
    Socket(String),
}

impl PublicUrl {
    /// The whole URL, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.url
    }

    /// Its origin.
    pub fn origin(&self) -> &str {
        &self.url[..self.origin_bytes]
    }

    /// Its path, such as `/tutti`; empty for the root.
    pub fn base_path(&self) -> &str {
        &self.url[self.origin_bytes..]
    }

    /// Whether it is https.
    pub fn is_https(&self) -> bool {
        self.url.starts_with("https:")
    }
}

impl FromStr for PublicUrl {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let url = parse_url(text)?;
        let (origin, path) = (url.origin().ascii_serialization(), url.path().trim_end_matches('/'));
        let is_plain = |segment: &str| {
            !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
        };
        if !path.split('/').skip(1).all(is_plain) {
            return Err(AddressError::PathCharacters);
        }
        Ok(Self { origin_bytes: origin.len(), url: origin + path })
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

impl PageOrigin {
    /// It, as browsers write it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PageOrigin {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let url = parse_url(text)?;
        let origin = url.origin().ascii_serialization();
        if url.path() == "/" { Ok(Self(origin)) } else { Err(AddressError::Path(origin)) }
    }
}

fn parse_url(text: &str) -> Result<Url, AddressError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(AddressError::Empty);
    }
    // Parsing alone would read `tutti.example:8080` as a scheme and a path.
    let (scheme, rest) = text.split_once("://").ok_or_else(|| {
        let without_credentials = text.rsplit('@').next().unwrap_or(text);
        AddressError::NoScheme(without_credentials.to_owned())
    })?;
    if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return Err(AddressError::Scheme);
    }
    if rest.contains('*') {
        return Err(AddressError::Wildcard);
    }
    // Parsing alone would remove or replace these.
    if text.contains(|letter: char| letter.is_whitespace() || letter.is_control() || letter == '\\') {
        return Err(AddressError::Malformed("it contains a space, a control character or a backslash".to_owned()));
    }
    let mut url = Url::parse(text).map_err(|error| AddressError::Malformed(error.to_string()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(AddressError::Credentials(url.origin().ascii_serialization()));
    }
    if url.query().is_some() || url.fragment().is_some() {
        url.set_query(None);
        url.set_fragment(None);
        return Err(AddressError::Query(url.to_string().trim_end_matches('/').to_owned()));
    }
    Ok(url)
}

impl Network {
    /// Whether an address is in it. An IPv4 address may be written as an IPv6 one.
    pub fn contains(self, address: IpAddr) -> bool {
        let same = match (self.base, address.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(address)) => (base.to_bits() ^ address.to_bits()).leading_zeros(),
            (IpAddr::V6(base), IpAddr::V6(address)) => (base.to_bits() ^ address.to_bits()).leading_zeros(),
            _ => return false,
        };
        same >= u32::from(self.prefix)
    }

    /// The network of `prefix` bits, of which there is at least one, that contains an address.
    fn around(address: IpAddr, prefix: u8) -> Self {
        let base = match address {
            IpAddr::V4(address) => {
                let rest = 32 - prefix;
                IpAddr::V4((address.to_bits() >> rest << rest).into())
            }
            IpAddr::V6(address) => {
                let rest = 128 - prefix;
                IpAddr::V6((address.to_bits() >> rest << rest).into())
            }
        };
        Self { base, prefix }
    }
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        let base = address.to_canonical();
        Self { base, prefix: if base.is_ipv4() { 32 } else { 128 } }
    }
}

impl FromStr for Network {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let written: IpAddr = address.parse().map_err(|_| AddressError::Network)?;
        let Some(prefix) = prefix else { return Ok(written.into()) };
        let prefix: u8 = prefix.parse().map_err(|_| AddressError::Network)?;
        let (kind, bits) = if written.is_ipv4() { ("IPv4", 32) } else { ("IPv6", 128) };
        if prefix > bits {
            return Err(AddressError::Prefix(kind, bits));
        }
        // `::ffff:10.0.0.0/104` is 10.0.0.0/8.
        let mapped = written.is_ipv6() && written.to_canonical().is_ipv4() && prefix >= 96;
        let (address, prefix) = if mapped { (written.to_canonical(), prefix - 96) } else { (written, prefix) };
        if prefix == 0 {
            return Err(AddressError::Everything);
        }
        let network = Self::around(address, prefix);
        if network.base == address { Ok(network) } else { Err(AddressError::HostBits { address, prefix, network }) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

impl Networks {
    /// Whether an address is in one of them.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

impl FromIterator<Network> for Networks {
    fn from_iter<I: IntoIterator<Item = Network>>(networks: I) -> Self {
        Self(networks.into_iter().collect())
    }
}

/// Parses an address with a port.
pub(super) fn socket_address(text: &str) -> Result<SocketAddr, AddressError> {
    let text = text.trim();
    text.parse().map_err(|_| {
        let port = text.rsplit(':').next().and_then(|port| port.parse::<u16>().ok());
        let address = if text.starts_with("localhost") { "127.0.0.1" } else { "0.0.0.0" };
        AddressError::Socket(format!("{address}:{}", port.unwrap_or(8080)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_urls_are_read_as_browsers_write_them() {
        for (text, origin, base_path) in [
            ("https://tutti.example", "https://tutti.example", ""),
            (" HTTPS://Tutti.Example:443/ ", "https://tutti.example", ""),
            ("http://192.168.1.5:8080", "http://192.168.1.5:8080", ""),
            ("http://[2001:DB8::5]:8080/", "http://[2001:db8::5]:8080", ""),
            ("https://tütti.example", "https://xn--ttti-0ra.example", ""),
            ("https://home.example/tutti", "https://home.example", "/tutti"),
            ("https://home.example/music/tutti_2/", "https://home.example", "/music/tutti_2"),
        ] {
            let url: PublicUrl = text.parse().unwrap();
            assert_eq!((url.origin(), url.base_path()), (origin, base_path), "{text}");
            assert_eq!(url.as_str(), format!("{origin}{base_path}"));
            assert_eq!(url.is_https(), origin.starts_with("https"));
            assert_eq!(url.as_str().parse::<PublicUrl>().unwrap(), url, "it stays as it is");
        }
    }

    #[test]
    fn a_refused_url_says_what_to_write() {
        for (text, said) in [
            ("", "leave it out"),
            ("tutti.example", "write https://tutti.example, or"),
            ("tutti.example:8080", "write https://tutti.example:8080, or"),
            ("localhost:8080", "the scheme is missing"),
            ("https:tutti.example", "the scheme is missing"),
            ("//tutti.example", "the scheme is missing"),
            ("wss://tutti.example", "must be https or http"),
            ("https://", "empty host; write a URL such as"),
            ("https://tutti.example:99999", "invalid port number; write a URL such as"),
            ("https://*.example", "no wildcards"),
            ("https://tutti example", "it contains a space"),
            ("https:\\\\tutti.example", "the scheme is missing"),
            ("ana:secret@tutti.example", "write https://tutti.example, or"),
            ("https://ana:secret@tutti.example", "write https://tutti.example"),
            ("https://tutti.example/?a=b", "write https://tutti.example"),
            ("https://home.example/tutti#x", "write https://home.example/tutti"),
            ("https://home.example/a//b", "between slashes"),
            ("https://home.example/süd", "between slashes"),
            ("https://home.example/a%2Fb", "between slashes"),
            ("https://home.example/\"><script>", "between slashes"),
        ] {
            let error = text.parse::<PublicUrl>().expect_err(text).to_string();
            assert!(error.contains(said), "{text}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn origins_have_no_path() {
        let origin = |text: &str| text.parse::<PageOrigin>().map(|origin| origin.as_str().to_owned());
        assert_eq!(origin(" https://Friends.example:8443/ ").unwrap(), "https://friends.example:8443");
        let error = origin("https://friends.example/tutti").unwrap_err().to_string();
        assert!(error.ends_with("write https://friends.example"), "{error}");
        for text in ["*", "null", "friends.example", "https://*", ""] {
            origin(text).expect_err(text);
        }
    }

    #[test]
    fn networks_contain_addresses_of_their_own_kind() {
        let contains = |network: &str, address: &str| {
            network.parse::<Network>().expect(network).contains(address.parse().expect(address))
        };
        for (network, inside, outside) in [
            ("10.0.0.2", "10.0.0.2", "10.0.0.3"),
            (" 10.0.0.0/8", "10.255.255.255", "11.0.0.0"),
            ("192.168.4.0/22", "192.168.7.255", "192.168.8.0"),
            ("127.0.0.1/32", "127.0.0.1", "127.0.0.2"),
            ("128.0.0.0/1", "255.0.0.1", "127.255.255.255"),
            ("10.0.0.0/8", "::ffff:10.1.2.3", "::10.1.2.3"),
            ("::ffff:10.0.0.2", "10.0.0.2", "10.0.0.3"),
            ("::ffff:10.0.0.0/104", "10.9.9.9", "11.0.0.1"),
            ("fd00::/8", "fdff::1", "fc00::1"),
            ("2001:db8::1", "2001:db8::1", "2001:db8::2"),
            ("::1", "::1", "127.0.0.1"),
        ] {
            assert!(contains(network, inside), "{inside} is in {network}");
            assert!(!contains(network, outside), "{outside} is not in {network}");
        }
    }

    #[test]
    fn a_refused_network_says_what_to_write() {
        for (text, said) in [
            ("", "leave it out"),
            ("nginx", "names are not looked up"),
            ("10.0.0", "such as 10.0.0.0/8"),
            ("10.0.0.1:80", "such as 10.0.0.0/8"),
            ("10.0.0.0/8/8", "such as 10.0.0.0/8"),
            ("10.0.0.0/-1", "such as 10.0.0.0/8"),
            ("10.0.0.0/", "such as 10.0.0.0/8"),
            ("10.0.0.0/33", "an IPv4 network has at most 32 bits"),
            ("fd00::/129", "an IPv6 network has at most 128 bits"),
            ("192.168.1.5/24", "write 192.168.1.0/24 for the network, or 192.168.1.5 for one address"),
            ("fd00::1/8", "write fd00::/8 for the network"),
            ("0.0.0.0/0", "every address"),
            ("::/0", "every address"),
            ("::ffff:0.0.0.0/96", "every address"),
        ] {
            let error = text.parse::<Network>().expect_err(text).to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn an_address_without_a_port_is_completed_in_words() {
        assert_eq!(socket_address(" [::]:8080 ").unwrap(), "[::]:8080".parse().unwrap());
        for (text, said) in [
            ("9000", "0.0.0.0:9000"),
            (":9000", "0.0.0.0:9000"),
            ("localhost:9000", "127.0.0.1:9000"),
            ("0.0.0.0", "0.0.0.0:8080"),
            ("http://0.0.0.0:9000", "0.0.0.0:9000"),
            ("", "0.0.0.0:8080"),
        ] {
            assert_eq!(
                socket_address(text).unwrap_err().to_string(),
                format!("write an address and a port, such as {said}")
            );
        }
    }
}
