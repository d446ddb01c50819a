//! The certificate of a server that terminates TLS itself. It is read again when its files change and on SIGHUP; connections
//! keep the one they began with. Files that do not fit together change nothing.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{Error as TlsError, InconsistentKeys};
use tokio_util::sync::CancellationToken;

use crate::limits::TLS_FILES_CHECK_EVERY;

/// The files of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and those that signed it, as PEM.
    pub certificate: PathBuf,
    /// Its private key, as PEM.
    pub key: PathBuf,
}

/// Why there is no certificate, or no new one.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The first file.
    #[error("TUTTI_TLS_CERT={}: {cause}; it must contain the certificate, and those that signed it, as PEM", .path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: pem::Error,
    },
    /// The second file.
    #[error("TUTTI_TLS_KEY={}: {cause}; it must contain the private key of the certificate, as PEM", .path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: pem::Error,
    },
    /// Two files that belong to two certificates.
    #[error("TUTTI_TLS_KEY={} is not the key of TUTTI_TLS_CERT={}", .files.key.display(), .files.certificate.display())]
    Mismatch {
        /// The files.
        files: TlsFiles,
    },
    /// An algorithm that is not supported, or nonsense in PEM.
    #[error("TUTTI_TLS_CERT={} or its key cannot be used: {cause}", .files.certificate.display())]
    Unusable {
        /// The files.
        files: TlsFiles,
        /// Why not.
        cause: TlsError,
    },
}

/// The current certificate.
#[derive(Debug)]
pub struct Certificates {
    files: TlsFiles,
    current: RwLock<Arc<CertifiedKey>>,
    /// Of the files when they were read last, used or not.
    stamp: Mutex<Stamp>,
}

/// What changes with a file.
type Stamp = [Option<(i64, i64, u64, u64)>; 2];

impl Certificates {
    /// Reads the files.
    pub fn open(files: TlsFiles) -> Result<Self, CertificateError> {
        let stamp = Mutex::new(files.stamp());
        let current = RwLock::new(Arc::new(files.read()?));
        Ok(Self { files, current, stamp })
    }

    /// Reads the files again. On an error the current certificate stays in use.
    pub fn reload(&self) -> Result<(), CertificateError> {
        *self.stamp.lock() = self.files.stamp();
        *self.current.write() = Arc::new(self.files.read()?);
        Ok(())
    }

    /// Reads the files again and logs the outcome.
    pub fn reload_and_log(&self) {
        match self.reload() {
            Ok(()) => tracing::info!(certificate = %self.files.certificate.display(), "certificate reloaded"),
            Err(error) => tracing::error!(%error, "certificate not reloaded; the current one stays in use"),
        }
    }

    /// Reloads whenever a file has changed, until `stop`. A renewal writes two files: between them they do not fit together,
    /// and the second one is another change.
    pub async fn watch(self: Arc<Self>, stop: CancellationToken) {
        let mut due = tokio::time::interval(TLS_FILES_CHECK_EVERY);
        while stop.run_until_cancelled(due.tick()).await.is_some() {
            let certificates = self.clone();
            let check = move || {
                if certificates.files.stamp() != *certificates.stamp.lock() {
                    certificates.reload_and_log();
                }
            };
            if let Err(error) = tokio::task::spawn_blocking(check).await {
                tracing::error!(%error, "the certificate cannot be watched");
            }
        }
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.read().clone())
    }
}

impl TlsFiles {
    fn read(&self) -> Result<CertifiedKey, CertificateError> {
        let refused = |cause| CertificateError::Certificate { path: self.certificate.clone(), cause };
        let chain = CertificateDer::pem_file_iter(&self.certificate).map_err(refused)?;
        let chain = chain.collect::<Result<Vec<_>, _>>().map_err(refused)?;
        if chain.is_empty() {
            return Err(refused(pem::Error::NoItemsFound));
        }
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|cause| CertificateError::Key { path: self.key.clone(), cause })?;
        CertifiedKey::from_der(chain, key, &rustls::crypto::ring::default_provider()).map_err(|cause| match cause {
            TlsError::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                CertificateError::Mismatch { files: self.clone() }
            }
            cause => CertificateError::Unusable { files: self.clone(), cause },
        })
    }

    /// Follows symbolic links, which tools exchange for a renewal.
    fn stamp(&self) -> Stamp {
        let of = |path: &Path| {
            let file = fs::metadata(path).ok()?;
            Some((file.mtime(), file.mtime_nsec(), file.size(), file.ino()))
        };
        [of(&self.certificate), of(&self.key)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/tls");

    fn fixture(name: &str) -> PathBuf {
        Path::new(FIXTURES).join(name)
    }

    fn files(certificate: &str, key: &str) -> TlsFiles {
        TlsFiles { certificate: fixture(certificate), key: fixture(key) }
    }

    #[test]
    fn files_that_do_not_work_are_refused_with_the_setting_and_its_value() {
        Certificates::open(files("server.pem", "server.key")).unwrap();
        for (certificate, key, said) in [
            ("none.pem", "server.key", "TUTTI_TLS_CERT="),
            ("server.key", "server.key", "must contain the certificate"),
            ("make.sh", "server.key", "must contain the certificate"),
            ("server.pem", "none.key", "TUTTI_TLS_KEY="),
            ("server.pem", "server.pem", "must contain the private key"),
            ("ca.pem", "server.key", "server.key is not the key of TUTTI_TLS_CERT="),
        ] {
            let error = Certificates::open(files(certificate, key)).unwrap_err().to_string();
            assert!(error.contains(said), "{certificate} {key}: {error}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_changed_file_is_read_and_a_bad_one_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let files = TlsFiles { certificate: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
        let copy = |name: &str, to: &Path| fs::write(to, fs::read(fixture(name)).unwrap()).unwrap();
        copy("server.pem", &files.certificate);
        copy("server.key", &files.key);
        let certificates = Arc::new(Certificates::open(files.clone()).unwrap());
        let stop = CancellationToken::new();
        let chain = |certificates: &Certificates| certificates.current.read().cert.len();
        let watches = certificates.clone().watch(stop.clone());
        let changes = async {
            let waits = async |wanted: &dyn Fn() -> bool| {
                while !wanted() {
                    tokio::time::sleep(TLS_FILES_CHECK_EVERY).await;
                }
            };
            // Not its key: it is read, and not used.
            copy("ca.pem", &files.certificate);
            waits(&|| certificates.files.stamp() == *certificates.stamp.lock()).await;
            assert_eq!(chain(&certificates), 1);
            // The certificate with the one that signed it.
            let both = [fs::read(fixture("server.pem")).unwrap(), fs::read(fixture("ca.pem")).unwrap()].concat();
            fs::write(&files.certificate, both).unwrap();
            waits(&|| chain(&certificates) == 2).await;
            fs::remove_file(&files.key).unwrap();
            waits(&|| certificates.files.stamp() == *certificates.stamp.lock()).await;
            assert_eq!(chain(&certificates), 2);
            stop.cancel();
        };
        tokio::join!(watches, changes);
    }
}
