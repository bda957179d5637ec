//! The SDK, set up once for each process.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::default_async_sleep;
use aws_smithy_async::time::SystemTimeSource;
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

/// A client of one service, made when it is first used: each reads a list of regions and compiles its patterns, all of which is
/// more than what else a function does at its start, and most events need few of them.
pub struct OnDemand<C>(Arc<LazyLock<C, Box<dyn FnOnce() -> C + Send>>>);

impl Clients {
    /// For a function of the stack: Lambda has put credentials and region into its environment, and there is no profile, file or
    /// machine to ask.
    #[must_use]
    pub fn of_function(environment: impl Fn(&str) -> Option<String>) -> Self {
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new()))
            .http_client(Https::new(Roots::BuiltIn))
            .time_source(SystemTimeSource::new())
            .timeout_config(timeouts())
            .retry_config(retries());
        config.set_sleep_impl(default_async_sleep());
        config.set_region(environment("AWS_REGION").map(Region::new));
        config.set_endpoint_url(environment("AWS_ENDPOINT_URL"));
        config.set_use_fips(environment("AWS_USE_FIPS_ENDPOINT").map(|said| said == "true"));
        Self(config.build())
    }

    /// For a person: reads credentials, region and endpoints from environment and profiles, as every AWS SDK does.
    pub async fn of_person() -> Self {
        let config = aws_config::defaults(BehaviorVersion::latest())
            .http_client(Https::new(Roots::System))
            .timeout_config(timeouts())
            .retry_config(retries());
        Self(config.load().await)
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
    pub fn dynamodb(&self) -> OnDemand<aws_sdk_dynamodb::Client> {
        self.on_demand(aws_sdk_dynamodb::Client::new)
    }

    #[must_use]
    pub fn sns(&self) -> OnDemand<aws_sdk_sns::Client> {
        self.on_demand(aws_sdk_sns::Client::new)
    }

    #[must_use]
    pub fn eventbridge(&self) -> OnDemand<aws_sdk_eventbridge::Client> {
        self.on_demand(aws_sdk_eventbridge::Client::new)
    }

    #[must_use]
    pub fn ssm(&self) -> OnDemand<aws_sdk_ssm::Client> {
        self.on_demand(aws_sdk_ssm::Client::new)
    }

    #[must_use]
    pub fn sqs(&self) -> OnDemand<aws_sdk_sqs::Client> {
        self.on_demand(aws_sdk_sqs::Client::new)
    }

    #[must_use]
    pub fn iam(&self) -> OnDemand<aws_sdk_iam::Client> {
        self.on_demand(aws_sdk_iam::Client::new)
    }

    /// IAM with the rights of a role, which is assumed with the first call.
    pub async fn iam_as(&self, role: &str) -> OnDemand<aws_sdk_iam::Client> {
        let assumed =
            AssumeRoleProvider::builder(role).session_name("iamwatch-quarantine").configure(&self.0).build().await;
        let config = self.0.to_builder().credentials_provider(SharedCredentialsProvider::new(assumed)).build();
        Self(config).iam()
    }

    fn on_demand<C: 'static>(&self, make: fn(&SdkConfig) -> C) -> OnDemand<C> {
        let config = self.0.clone();
        OnDemand(Arc::new(LazyLock::new(Box::new(move || make(&config)))))
    }
}

impl<C> Clone for OnDemand<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<C> Deref for OnDemand<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.0
    }
}

impl<C> fmt::Debug for OnDemand<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnDemand").finish_non_exhaustive()
    }
}

/// One call with its retries fits into a function's timeout; a line that meets several slow ones is cut off by it, and tried
/// again.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(3))
        .operation_timeout(Duration::from_secs(7))
        .build()
}

fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(3)
}

/// Whom a TLS connection trusts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Roots {
    /// Those built in: a function is to start quickly, and talks to AWS alone.
    BuiltIn,
    /// Those of the system: a person's machine may have a proxy with a certificate of its own.
    System,
}

/// The HTTP client, without its preparation: for each client of a service it would make a connector, with all certificates, and
/// throw it away. The one that is used is made with the first request.
#[derive(Debug)]
struct Https {
    roots: Roots,
    made: OnceLock<SharedHttpClient>,
}

impl Https {
    fn new(roots: Roots) -> Self {
        Self { roots, made: OnceLock::new() }
    }

    fn made(&self) -> &SharedHttpClient {
        self.made.get_or_init(|| {
            // ring: the SDK's default gathers entropy for tens of milliseconds of CPU.
            aws_smithy_http_client::Builder::new()
                .tls_provider(Provider::Rustls(CryptoMode::Ring))
                .tls_context(tls_context(self.roots))
                .build_https()
        })
    }
}

impl HttpClient for Https {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        self.made().http_connector(settings, components)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.made().connector_metadata()
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
