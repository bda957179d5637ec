//! The SDK, set up once for each process.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Credentials, region and one connection pool, from which every client is made.
#[derive(Debug, Clone)]
pub struct Clients(SdkConfig);

/// Whom a TLS connection trusts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Roots {
    /// Those built in: a function is to start quickly, and talks to AWS alone.
    BuiltIn,
    /// Those of the system: a person's machine may have a proxy with a certificate of its own.
    System,
}

impl Clients {
    /// Reads credentials, region and endpoints from the environment, as every AWS SDK does.
    pub async fn from_env(roots: Roots) -> Self {
        // ring: the SDK's default gathers entropy for tens of milliseconds of CPU at start.
        let https = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .tls_context(tls_context(roots))
            .build_https();
        // One call with its retries fits into a function's timeout; a line that meets several slow ones is cut off by it,
        // and tried again.
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(2))
            .operation_attempt_timeout(Duration::from_secs(3))
            .operation_timeout(Duration::from_secs(7))
            .build();
        let config = aws_config::defaults(BehaviorVersion::latest())
            .http_client(OnDemand(https))
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(3))
            .load()
            .await;
        Self(config)
    }

    /// The region of the environment.
    ///
    /// # Errors
    ///
    /// Words for whoever did not set it.
    pub(super) fn region(&self) -> Result<String, String> {
        let region = self.0.region().map(ToString::to_string);
        region.ok_or_else(|| "no region is set; set `AWS_REGION`".to_owned())
    }

    /// Where services are, if the environment says so.
    pub(super) fn endpoint(&self) -> Option<String> {
        self.0.endpoint_url().map(str::to_owned)
    }

    pub(super) fn credentials(&self) -> Option<SharedCredentialsProvider> {
        self.0.credentials_provider()
    }

    #[must_use]
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.0)
    }

    #[must_use]
    pub fn sns(&self) -> aws_sdk_sns::Client {
        aws_sdk_sns::Client::new(&self.0)
    }

    #[must_use]
    pub fn eventbridge(&self) -> aws_sdk_eventbridge::Client {
        aws_sdk_eventbridge::Client::new(&self.0)
    }

    #[must_use]
    pub fn ssm(&self) -> aws_sdk_ssm::Client {
        aws_sdk_ssm::Client::new(&self.0)
    }

    #[must_use]
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.0)
    }

    /// IAM with the rights of a role, which is assumed with the first call.
    pub async fn iam_as(&self, role: &str) -> aws_sdk_iam::Client {
        let assumed =
            AssumeRoleProvider::builder(role).session_name("iamwatch-quarantine").configure(&self.0).build().await;
        let config = aws_sdk_iam::config::Builder::from(&self.0).credentials_provider(assumed).build();
        aws_sdk_iam::Client::from_conf(config)
    }

    #[must_use]
    pub fn iam(&self) -> aws_sdk_iam::Client {
        aws_sdk_iam::Client::new(&self.0)
    }
}

/// The HTTP client without its preparation: for each client of a service it makes a connector, with all certificates, and
/// throws it away. The one that is used is made with the first request.
#[derive(Debug)]
struct OnDemand(SharedHttpClient);

impl HttpClient for OnDemand {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        self.0.http_connector(settings, components)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.0.connector_metadata()
    }
}

fn tls_context(roots: Roots) -> TlsContext {
    let trust = match roots {
        Roots::System => TrustStore::default(),
        Roots::BuiltIn => TrustStore::empty().with_pem_certificate(built_in_roots()),
    };
    // Fails for server names only, of which none is added.
    TlsContext::builder().with_trust_store(trust).build().unwrap_or_default()
}

fn built_in_roots() -> String {
    let mut pem = String::with_capacity(300_000);
    for root in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        pem.push_str("-----BEGIN CERTIFICATE-----\n");
        STANDARD.encode_string(root, &mut pem);
        pem.push_str("\n-----END CERTIFICATE-----\n");
    }
    pem
}
