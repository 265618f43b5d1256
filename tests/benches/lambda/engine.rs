//! DynamoDB for the functions: the embedded engine in this process, with TLS in front of it.
//!
//! The functions reach DynamoDB through TLS on AWS, and the handshake is the dearest part of a cold start,
//! so an engine without TLS would hide what matters most. The certificate chain is like Amazon's own: root,
//! intermediate and server, with RSA keys of 2,048 bits (checking elliptic-curve signatures instead would
//! cost a function one million instructions more). Its root is private and made anew for each run.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dynoxide::Database;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::error::{BenchError, Doing};

/// What functions trust on AWS. It is in the file that they read here too, beside the private root, so that a
/// start costs what it costs there.
const AMAZON_TRUST_ROOTS: &str = include_str!("../../../shared/src/table/amazon-trust-roots.pem");

/// The running engine; it ends when this is dropped.
pub(crate) struct Engine {
    plain: SocketAddr,
    tls: SocketAddr,
    root_certificates: PathBuf,
    accepted: Arc<AtomicU64>,
    servers: [JoinHandle<()>; 2],
}

impl Engine {
    /// Starts an empty engine, in memory, and TLS before it, both on `runtime`. Writes the root certificates
    /// into `folder`.
    pub(crate) async fn start(folder: &Path, openssl: PathBuf, runtime: &Handle) -> Result<Self, BenchError> {
        let folder = folder.to_owned();
        // The listeners belong to the runtime that they are made on.
        match runtime.spawn(Self::start_here(folder, openssl)).await {
            Ok(started) => started,
            Err(error) => Err(BenchError::Engine(error.to_string())),
        }
    }

    async fn start_here(folder: PathBuf, openssl: PathBuf) -> Result<Self, BenchError> {
        let database = Database::memory().map_err(|error| BenchError::Engine(error.to_string()))?;
        let (plain_listener, plain) = listen().await?;
        let (tls_listener, tls) = listen().await?;
        let authority = Authority::new(&openssl)?;
        let root_certificates = folder.join("roots.pem");
        tokio::fs::write(&root_certificates, format!("{AMAZON_TRUST_ROOTS}\n{}", authority.root.pem()))
            .await
            .doing(|| format!("write {}", root_certificates.display()))?;
        let acceptor = TlsAcceptor::from(Arc::new(authority.server_config(&openssl)?));
        let accepted = Arc::new(AtomicU64::new(0));
        let engine = tokio::spawn(async move {
            if let Err(error) =
                dynoxide::server::serve_with_shutdown(plain_listener, database, std::future::pending()).await
            {
                eprintln!("the embedded engine ended: {error}");
            }
        });
        let front = tokio::spawn(serve_tls(tls_listener, acceptor, plain, Arc::clone(&accepted)));
        Ok(Self { plain, tls, root_certificates, accepted, servers: [engine, front] })
    }

    /// Where to prepare data, without TLS.
    pub(crate) fn plain_url(&self) -> String {
        format!("http://{}", self.plain)
    }

    /// Where the functions find it.
    pub(crate) fn tls_url(&self) -> String {
        // The certificate is for this name.
        format!("https://localhost:{}", self.tls.port())
    }

    /// The file of certificates that a function has to trust.
    pub(crate) fn root_certificates(&self) -> &Path {
        &self.root_certificates
    }

    /// How many TLS connections have been opened so far.
    pub(crate) fn connections(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.servers.iter().for_each(JoinHandle::abort);
    }
}

async fn listen() -> Result<(TcpListener, SocketAddr), BenchError> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.doing(|| "listen for the engine".to_owned())?;
    let address = listener.local_addr().doing(|| "read the engine's port".to_owned())?;
    Ok((listener, address))
}

async fn serve_tls(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    engine: SocketAddr,
    accepted: Arc<AtomicU64>,
) {
    loop {
        match listener.accept().await {
            Ok((client, _)) => {
                accepted.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(forward(client, acceptor.clone(), engine));
            }
            Err(error) => eprintln!("a connection to the engine could not be accepted: {error}"),
        }
    }
}

async fn forward(client: TcpStream, acceptor: TlsAcceptor, engine: SocketAddr) {
    let handshake = async {
        client.set_nodelay(true)?;
        let client = acceptor.accept(client).await?;
        let engine = TcpStream::connect(engine).await?;
        engine.set_nodelay(true)?;
        Ok::<_, std::io::Error>((client, engine))
    };
    match handshake.await {
        Ok((mut client, mut engine)) => {
            // How it ends says nothing: every measured process is killed with its connection open.
            drop(copy_bidirectional(&mut client, &mut engine).await);
        }
        Err(error) => eprintln!("a function's TLS connection to the engine failed: {error}"),
    }
}

/// A private root and an intermediate that it signed.
struct Authority {
    root: CertifiedIssuer<'static, KeyPair>,
    intermediate: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new(openssl: &Path) -> Result<Self, BenchError> {
        let root = CertifiedIssuer::self_signed(issuer_params("Clientele bench root")?, rsa_key(openssl)?)?;
        let params = issuer_params("Clientele bench intermediate")?;
        let intermediate = CertifiedIssuer::signed_by(params, rsa_key(openssl)?, &root)?;
        Ok(Self { root, intermediate })
    }

    /// TLS as DynamoDB speaks it: 1.2 or 1.3, HTTP/1.1 only, no client certificate.
    fn server_config(&self, openssl: &Path) -> Result<ServerConfig, BenchError> {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()])?;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = rsa_key(openssl)?;
        let certificate = params.signed_by(&key, &self.intermediate)?;
        let chain = vec![certificate.der().clone(), self.intermediate.der().clone()];
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, PrivateKeyDer::Pkcs8(key.serialize_der().into()))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// A new key, by openssl: the TLS library in use here can sign with RSA keys but not make them.
fn rsa_key(openssl: &Path) -> Result<KeyPair, BenchError> {
    let made = Command::new(openssl)
        .args(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"])
        .output()
        .doing(|| format!("run {}", openssl.display()))?;
    if !made.status.success() {
        let said = String::from_utf8_lossy(&made.stderr).into_owned();
        return Err(BenchError::NoKey { status: made.status, said });
    }
    Ok(KeyPair::from_pem(&String::from_utf8_lossy(&made.stdout))?)
}

fn issuer_params(name: &str) -> Result<CertificateParams, BenchError> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}
