//! # Access token made away from its user
//!
//! The command line, or something that acts as it, got an access token of an Identity Center user from a network that was
//! not seen to get one for them, and no sign-in of that user from there was seen in the 12 hours before. Only where the stack
//! watches the account and region of Identity Center, and once iamwatch has learned for as many days as it is told.
//!
//! ## Why it matters
//!
//! Phishing for device codes: the intruder starts `aws sso login`, sends the victim the link, and the victim confirms in a
//! session of their own, with MFA. The token goes to the intruder, for all accounts and roles of the victim.
//!
//! ## False alarms
//!
//! Somebody who logs in on a machine in a data centre and confirms at their desk, or who took a laptop with an open session
//! to another network, or whose browser and command line use different versions of the internet protocol. It is told once
//! for each network; what comes from it again within the day is for the record.
//!
//! ## What to do
//!
//! 1. Ask the person, by another way than mail, whether they just logged in with the command line, and from where.
//! 2. If not: end the user's sessions in Identity Center, which ends their tokens, and disable the user.
//! 3. List all events `GetRoleCredentials` of `sso.amazonaws.com` by that user since, by `userIdentity.onBehalfOf.userId`: they
//!    name the accounts and roles that were taken.
//! 4. In each of these, list all calls by the role's sessions of that user in the 12 hours after.

use jiff::SignedDuration;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::circumstance::{network_of, public_network};
use crate::event::{Event, Target};
use crate::facts::past::{Key, Pair, Remembering, Trace, What};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "sso-token-created-elsewhere",
    watcher: Watcher::SignIn,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1528", was: None, name: "Steal Application Access Token" }],
    covers: &["CONS-18"],
    calls: &[
        Calls { source: SSO, names: &["Authenticate", "CreateToken", "Federate"] },
        Calls { source: SIGN_IN, names: &["UserAuthentication"] },
    ],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("sso_token_created_elsewhere.rs")),
    detect,
};

const SSO: &str = "sso.amazonaws.com";
const SIGN_IN: &str = "signin.amazonaws.com";

/// A person, and the networks that tokens were made from.
pub(super) static REMEMBERS: Remembering =
    Remembering { id: "sso-token-created-elsewhere", asked_by: &[&DETECTION], what: What::Habit(person_and_network) };

/// A person, and a network that they signed in from.
pub(super) static SIGNED_IN: Remembering = Remembering {
    id: "sso-signed-in",
    asked_by: &[&DETECTION],
    what: What::Trace { leaves: signed_in, asks: token_made, lasts: SignedDuration::from_hours(12) },
};

/// The user's id in Identity Center, or in older records their name.
fn person(event: &Event) -> Option<&str> {
    let identity = event.record().get("userIdentity")?;
    let id = || identity.get("onBehalfOf")?.get("userId")?.as_str();
    id().or_else(|| identity.get("userName")?.as_str()).filter(|person| !person.is_empty())
}

fn at(event: &Event) -> Option<Key> {
    Some(vec![event.account.clone(), person(event)?.to_owned(), network_of(event.origin.ip?)])
}

/// Whether it is a new token. One that is made of an older one follows the machine, wherever it goes.
fn makes_token(event: &Event) -> bool {
    event.is(SSO, &["CreateToken"]) && event.succeeded() && event.request("grantType") != Some("refresh_token")
}

fn token_made(event: &Event) -> Option<Key> {
    makes_token(event).then(|| at(event))?
}

fn person_and_network(event: &Event) -> Option<Pair> {
    token_made(event).map(Pair)
}

fn signed_in(event: &Event) -> Option<Trace> {
    let signs_in = event.is(SSO, &["Authenticate", "Federate"]) || event.is(SIGN_IN, &["UserAuthentication"]);
    let under = (signs_in && event.succeeded()).then(|| at(event))??;
    Some(Trace { under, text: String::new() })
}

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let network = public_network(event).filter(|_| makes_token(event))?;
    let since = context.facts.first_since(REMEMBERS.id)?;
    if context.facts.left(SIGNED_IN.id).is_some() {
        return None;
    }
    let person = person(event)?;
    let how = event.request("grantType").map(|kind| kind.rsplit(':').next().unwrap_or(kind));
    Some(
        DETECTION
            .finding(event, "got an access token for the command line away from where the user signs in")
            .target(Target { kind: "Identity Center user".to_owned(), name: person.to_owned(), arn: None })
            .severity(if since.is_again() { Severity::Low } else { Severity::Medium })
            .evidence("First", format!("no token of this user was made from {network} before, since {since}"))
            .evidence("Sign-in", "none from there in the 12 hours before")
            .evidence_if("Grant", how)
            .evidence_if("Client", event.request("clientId")),
    )
}
