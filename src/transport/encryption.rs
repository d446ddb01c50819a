//! TLS on accepted connections, and sockets that stay encrypted after hyper has let go of them.
//!
//! hyper reads and writes through `tokio-rustls`. A WebSocket is written from many tasks under its outbox's lock, and read by
//! its own: [`EncryptedSocket`] shares one TLS session between both. A plain socket is the other variant of the same enums.

use std::io::{self, IoSlice, Read, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use parking_lot::Mutex;
use rustix::io::Errno;
use rustix::net::{SendFlags, send};
use rustls::ServerConnection;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::certificates::Certificates;
use crate::limits::TLS_HANDSHAKE_TIMEOUT;

/// The first byte of a TLS handshake (RFC 8446, section 5.1); no HTTP request begins with it.
const HANDSHAKE: u8 = 22;
/// Bytes encrypted at once: what fits in a record.
const RECORD_BYTES: usize = 16 * 1024;

/// Terminates TLS. Cheap to clone.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
}

/// A connection whose first bytes are known.
pub enum Begun {
    /// After its handshake.
    Encrypted(Box<TlsStream<TcpStream>>),
    /// It speaks something else, probably plain http.
    Plain(TcpStream),
}

impl Tls {
    /// With the current one of these certificates.
    pub fn new(certificates: Arc<Certificates>) -> Result<Self, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let versions = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let mut config = versions.with_no_client_auth().with_cert_resolver(certificates);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { acceptor: Arc::new(config).into() })
    }

    /// Waits for the first byte, and for the handshake if it begins one; for [`TLS_HANDSHAKE_TIMEOUT`] together.
    pub async fn begin(&self, stream: TcpStream) -> io::Result<Begun> {
        let begun = async {
            let mut first = [0];
            if stream.peek(&mut first).await? == 1 && first[0] != HANDSHAKE {
                return Ok(Begun::Plain(stream));
            }
            Ok(Begun::Encrypted(Box::new(self.acceptor.accept(stream).await?)))
        };
        tokio::time::timeout(TLS_HANDSHAKE_TIMEOUT, begun).await?
    }
}

/// A client's socket, after its HTTP request.
pub enum ClientSocket {
    /// As it is.
    Plain(TcpStream),
    /// With its TLS session.
    Encrypted(Box<EncryptedSocket>),
}

impl ClientSocket {
    /// The half that one task reads, and the half that any task writes.
    pub fn into_split(self) -> (ReadHalf, WriteHalf) {
        match self {
            Self::Plain(stream) => {
                let (read, write) = stream.into_split();
                (ReadHalf::Plain(read), WriteHalf::Plain(write))
            }
            Self::Encrypted(socket) => {
                let socket = Arc::<EncryptedSocket>::from(socket);
                (ReadHalf::Encrypted(socket.clone()), WriteHalf::Encrypted(socket))
            }
        }
    }
}

/// The half of a socket that is read.
#[derive(Debug)]
pub enum ReadHalf {
    /// Without encryption.
    Plain(OwnedReadHalf),
    /// With encryption.
    Encrypted(Arc<EncryptedSocket>),
}

/// The half of a socket that is written.
#[derive(Debug)]
pub enum WriteHalf {
    /// Without encryption.
    Plain(OwnedWriteHalf),
    /// With encryption.
    Encrypted(Arc<EncryptedSocket>),
}

impl From<OwnedWriteHalf> for WriteHalf {
    fn from(half: OwnedWriteHalf) -> Self {
        Self::Plain(half)
    }
}

impl AsyncRead for ReadHalf {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(half) => Pin::new(half).poll_read(cx, buffer),
            Self::Encrypted(socket) => socket.poll_read(cx, buffer),
        }
    }
}

impl WriteHalf {
    /// Writes what the socket takes at once; [`io::ErrorKind::WouldBlock`] when that is nothing.
    #[inline]
    pub(super) fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(half) => send_now(half.as_ref(), bytes),
            Self::Encrypted(socket) => socket.send(bytes),
        }
    }

    /// Whether bytes that were accepted wait until the socket is writable. Never those of a plain socket.
    pub(super) fn has_unsent(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Encrypted(socket) => socket.session.lock().wants_write(),
        }
    }

    /// Writes accepted bytes on.
    pub(super) fn flush(&self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Encrypted(socket) => socket.flush(&mut socket.session.lock()),
        }
    }

    /// Waits until the socket may be writable.
    pub(super) fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(half) => half.as_ref().poll_write_ready(cx),
            Self::Encrypted(socket) => socket.stream.poll_write_ready(cx),
        }
    }
}

/// Calls `send(2)` directly, without tokio's readiness check: sockets are nearly always writable, and when thousands
/// are written in a row, reading tokio's readiness state is a cache miss for each. On `EAGAIN` it falls back to tokio's
/// `try_write`, which clears the readiness so that [`WriteHalf::poll_write_ready`] waits.
#[inline]
fn send_now(socket: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    match send(socket, bytes, SendFlags::DONTWAIT) {
        Err(Errno::AGAIN) => socket.try_write(bytes),
        sent => Ok(sent?),
    }
}

/// A socket with its TLS session, for reading and writing in different tasks. Guarantees: bytes that were accepted are sent in
/// their order; at most a record of them waits here.
#[derive(Debug)]
pub struct EncryptedSocket {
    stream: TcpStream,
    session: Mutex<ServerConnection>,
}

impl EncryptedSocket {
    /// A socket after its handshake, with what the session has read beyond.
    pub fn new(stream: TcpStream, session: ServerConnection) -> Self {
        Self { stream, session: Mutex::new(session) }
    }

    fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut session = self.session.lock();
        self.flush(&mut session)?;
        let accepted = session.writer().write(&bytes[..bytes.len().min(RECORD_BYTES)])?;
        match self.flush(&mut session) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(accepted),
        }
    }

    fn flush(&self, session: &mut ServerConnection) -> io::Result<()> {
        while session.wants_write() {
            session.write_tls(&mut Unbuffered(&self.stream))?;
        }
        Ok(())
    }

    fn poll_read(&self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut session = self.session.lock();
            match session.reader().read(buffer.initialize_unfilled()) {
                Ok(bytes) => {
                    buffer.advance(bytes);
                    return Poll::Ready(Ok(()));
                }
                // The peer is gone without saying so.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Poll::Ready(Ok(())),
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Poll::Ready(Err(error)),
                Err(_) => {}
            }
            ready!(self.stream.poll_read_ready(cx))?;
            match session.read_tls(&mut Unbuffered(&self.stream)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                read => read?,
            };
            let processed = session.process_new_packets();
            // An alert, or the answer to a key update. What is not taken goes with the next frame.
            let _ = self.flush(&mut session);
            processed.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        }
    }
}

impl Drop for EncryptedSocket {
    /// Says that nothing was cut off, if the socket still takes that.
    fn drop(&mut self) {
        let session = self.session.get_mut();
        session.send_close_notify();
        while session.wants_write() && session.write_tls(&mut Unbuffered(&self.stream)).is_ok() {}
    }
}

/// A socket that is read and written at once or not at all.
struct Unbuffered<'a>(&'a TcpStream);

impl Read for Unbuffered<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(buffer)
    }
}

impl Write for Unbuffered<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn write_vectored(&mut self, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use bytes::Bytes;
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;
    use rustls::{ClientConfig, RootCertStore};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_rustls::{TlsConnector, client};

    use super::*;
    use crate::transport::certificates::TlsFiles;
    use crate::transport::outbox::tests::{check_that_a_full_socket_loses_nothing, connection, drain};
    use crate::transport::{Drained, Outbox};

    fn fixture(name: &str) -> std::path::PathBuf {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/tls")).join(name)
    }

    fn server() -> Tls {
        let files = TlsFiles { certificate: fixture("server.pem"), key: fixture("server.key") };
        Tls::new(Arc::new(Certificates::open(files).unwrap())).unwrap()
    }

    /// A client and the server's side of its connection.
    async fn pair() -> (client::TlsStream<TcpStream>, ClientSocket) {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(fixture("ca.pem")).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_root_certificates(roots).with_no_client_auth();
        let (near, far) = connection().await;
        let (connector, tls) = (TlsConnector::from(Arc::new(config)), server());
        let connects = connector.connect("localhost".try_into().unwrap(), near);
        let (client, begun) = tokio::join!(connects, tls.begin(far));
        let Ok(Begun::Encrypted(stream)) = begun else { panic!("it is a handshake") };
        let (stream, session) = stream.into_inner();
        (client.unwrap(), ClientSocket::Encrypted(EncryptedSocket::new(stream, session).into()))
    }

    #[tokio::test]
    async fn frames_that_a_full_socket_rejects_follow_once_it_is_writable() {
        let (client, socket) = pair().await;
        let (_reader, writer) = socket.into_split();
        check_that_a_full_socket_loses_nothing(Outbox::new(writer), client).await;
    }

    /// What a full socket has not taken of the last record wakes the connection's task, although no frame waits.
    #[tokio::test]
    async fn the_rest_of_a_record_is_not_forgotten() {
        let (mut client, socket) = pair().await;
        let (_reader, writer) = socket.into_split();
        let outbox = Outbox::new(writer);
        let mut sent = 0;
        while outbox.drain() == Drained::Empty {
            outbox.push(&Bytes::from(vec![7; 1_000]));
            sent += 1_000;
        }
        outbox.woken().await;
        let mut received = vec![0; sent];
        let (read, ()) = tokio::join!(client.read_exact(&mut received), drain(&outbox));
        read.unwrap();
    }

    #[tokio::test]
    async fn reading_ends_as_the_peer_ends() {
        let (mut client, socket) = pair().await;
        let (mut reader, _writer) = socket.into_split();
        client.write_all(&[7; 10_000]).await.unwrap();
        let mut received = vec![0; 10_000];
        reader.read_exact(&mut received).await.unwrap();
        assert_eq!(received, [7; 10_000]);
        client.shutdown().await.unwrap();
        assert_eq!(reader.read(&mut received).await.unwrap(), 0);

        let (client, socket) = pair().await;
        let (mut reader, _writer) = socket.into_split();
        let (mut stream, _) = client.into_inner();
        stream.shutdown().await.unwrap();
        assert_eq!(reader.read(&mut received).await.unwrap(), 0, "without a goodbye too");
    }

    #[tokio::test]
    async fn bytes_that_are_no_record_are_an_error() {
        let (client, socket) = pair().await;
        let (mut reader, _writer) = socket.into_split();
        let (mut stream, _) = client.into_inner();
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        let error = reader.read(&mut [0; 16]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    #[tokio::test]
    async fn what_is_no_handshake_is_plain() {
        let (mut near, far) = connection().await;
        near.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        let Begun::Plain(mut stream) = server().begin(far).await.unwrap() else { panic!("it is plain") };
        let mut request = [0; 5];
        stream.read_exact(&mut request).await.unwrap();
        assert_eq!(&request, b"GET /", "nothing of it is lost");
        let (near, far) = connection().await;
        drop(near);
        assert!(server().begin(far).await.is_err(), "one that closes at once is neither");
    }

    #[tokio::test(start_paused = true)]
    async fn a_handshake_has_a_deadline() {
        let (near, far) = connection().await;
        let error = server().begin(far).await.err().expect("it is given up");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(near);
        let (mut near, far) = connection().await;
        near.write_all(&[HANDSHAKE, 3, 1]).await.unwrap();
        let error = server().begin(far).await.err().expect("it is given up");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
