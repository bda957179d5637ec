//! Calls of AWS that no SDK here makes, signed as the SDK would: the command line says yes to a plan through a function's URL.

use std::collections::BTreeMap;
use std::time::SystemTime;

use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::http::Request;
use aws_smithy_types::byte_stream::ByteStream;
use serde_json::{Value, json};

use super::{Clients, because};

/// What a service answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// `null` where it was no JSON.
    pub body: Value,
}

/// Says yes to a plan at the URL of the approval function.
///
/// # Errors
///
/// Why the service could not be asked, or what it answered.
pub async fn approve(clients: &Clients, url: &str, record: &str, plan: &str) -> Result<Value, String> {
    let body = json!({"record": record, "plan": plan}).to_string();
    let Answer { status, body } = call(clients, "POST", url, body).await?;
    match (status, body.get("error").or_else(|| body.get("Message")).and_then(Value::as_str)) {
        (200, _) => Ok(body),
        // It was not invoked, so that its log says nothing.
        (403, why) => Err(format!(
            "AWS does not let you call the approval function ({}); it needs the policy of the stack's output `ApproversPolicyArn`",
            why.unwrap_or("403")
        )),
        (_, Some(why)) => Err(why.to_owned()),
        (status, None) => Err(format!("the approval function answered {status}; its log says why")),
    }
}

/// The URL of a stack's approval function.
///
/// # Errors
///
/// Why it was not found.
pub async fn approval_url(clients: &Clients, stack: &str) -> Result<String, String> {
    let url = format!("{}/2021-10-31/functions/{stack}-quarantine-approval/url", lambda(clients)?);
    let Answer { status, body } = call(clients, "GET", &url, String::new()).await?;
    body.get("FunctionUrl").and_then(Value::as_str).map(str::to_owned).ok_or_else(|| {
        let why = body.get("Message").and_then(Value::as_str).unwrap_or_default();
        format!("the URL of `{stack}-quarantine-approval` was not found ({status} {why}); give it with `--url`")
    })
}

/// The environment of a stack's function `quarantine`: what it was told.
///
/// # Errors
///
/// Why it was not found.
pub async fn environment(clients: &Clients, stack: &str) -> Result<BTreeMap<String, String>, String> {
    let url = format!("{}/2015-03-31/functions/{stack}-quarantine/configuration", lambda(clients)?);
    let Answer { status, body } = call(clients, "GET", &url, String::new()).await?;
    let variables = body.pointer("/Environment/Variables").and_then(Value::as_object);
    let why = body.get("Message").and_then(Value::as_str).unwrap_or_default();
    let variables = variables.ok_or_else(|| match status {
        404 => format!(
            "no stack `{stack}` has a function `{stack}-quarantine` in this account and region; check the credentials, \
             `AWS_REGION` and `--stack`"
        ),
        _ => format!(
            "what `{stack}-quarantine` was told was not read ({status} {why}); it needs `lambda:GetFunctionConfiguration`"
        ),
    })?;
    let text = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    Ok(variables.iter().filter_map(text).collect())
}

fn lambda(clients: &Clients) -> Result<String, String> {
    let region = clients.region()?;
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    Ok(clients.endpoint().unwrap_or_else(|| format!("https://lambda.{region}.{domain}")))
}

/// One call of Lambda, signed with the credentials of the environment.
async fn call(clients: &Clients, method: &str, url: &str, body: String) -> Result<Answer, String> {
    let provider = clients.credentials().ok_or("there are no credentials in the environment")?;
    let credentials = provider.provide_credentials().await.map_err(|error| because(&error))?;
    let identity = credentials.into();
    #[expect(clippy::disallowed_methods, reason = "a signature holds for some minutes from now")]
    let now = SystemTime::now();
    let region = clients.region()?;
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(&region)
        .name("lambda")
        .time(now)
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| because(&error))?;
    let mut request = http::Request::builder().method(method).uri(url).header("content-type", "application/json");
    if let Some(host) = request.uri_ref().and_then(http::Uri::authority).map(ToString::to_string) {
        request = request.header("host", host);
    }
    let mut request = request.body(body).map_err(|error| because(&error))?;
    let headers: Vec<(String, String)> = request
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
        .collect();
    let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let signable = SignableRequest::new(method, url, headers, SignableBody::Bytes(request.body().as_bytes()));
    let signed = sign(signable.map_err(|error| because(&error))?, &params.into()).map_err(|error| because(&error))?;
    signed.into_parts().0.apply_to_request_http1x(&mut request);

    let tls = TlsContext::builder().with_trust_store(TrustStore::default()).build().unwrap_or_default();
    let connector = Connector::builder().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(tls).build();
    let request = Request::try_from(request.map(Into::into)).map_err(|error| because(&error))?;
    let answer = connector.call(request).await.map_err(|error| because(&error))?;
    let status = answer.status().as_u16();
    let body = ByteStream::new(answer.into_body()).collect().await.map_err(|error| because(&error))?;
    Ok(Answer { status, body: serde_json::from_slice(&body.into_bytes()).unwrap_or(Value::Null) })
}
