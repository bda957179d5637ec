//! Links into the console. They are built from ids whose form was checked, never from an event's text as it stands.

use super::words::Words;
use crate::event::{Kind, is_account};
use crate::finding::Finding;
use crate::undo;

/// What a link shows, and where it leads.
pub(super) type Link = (String, String);

/// The event itself, and the users and roles it is about.
pub(super) fn of(words: &Words<'_>) -> Vec<Link> {
    let finding = words.finding;
    let Some(console) = Console::of(&finding.region) else { return Vec::new() };
    let reach = |account: &str, page: String| match &words.config.portal_url {
        Some(portal) if is_account(account) => through_portal(portal, account, &page),
        _ => page,
    };
    let mut links: Vec<Link> = Vec::new();
    if let Some(id) = event_id(&finding.event.id) {
        links.push(("Event".to_owned(), reach(&finding.account, console.event(&finding.region, id))));
    }
    for (kind, name, account) in principals(finding) {
        if let (Some(name), Some(page)) = (undo::name(name), console.principal(kind, name)) {
            let link = (format!("{} {name}", capital(kind)), reach(account, page));
            if !links.contains(&link) {
                links.push(link);
            }
        }
    }
    links
}

/// The users and roles that a reader will want to open: the target first, then the actor.
fn principals(finding: &Finding) -> impl Iterator<Item = (&str, &str, &str)> {
    let target = &finding.target;
    let root = target.arn.as_deref().is_some_and(|arn| arn.ends_with(":root"));
    let target = (!root).then_some((target.kind.as_str(), target.name.as_str(), finding.account.as_str()));
    let actor = &finding.actor;
    let kind = match actor.kind {
        Kind::IamUser => Some("user"),
        Kind::Role => Some("role"),
        _ => None,
    };
    let account = actor.account.as_deref().unwrap_or(&finding.account);
    target.into_iter().chain(kind.map(|kind| (kind, actor.name.as_str(), account)))
}

/// The console of one partition.
struct Console {
    domain: &'static str,
    /// Where IAM's pages live.
    home: &'static str,
}

impl Console {
    /// The console that a region belongs to; none for what is no region, or for a partition without a public console.
    fn of(region: &str) -> Option<Self> {
        let form = region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        let parts: Vec<&str> = region.split('-').collect();
        let (geography, number) = (parts.first()?, parts.last()?);
        let number = number.len() == 1 && number.bytes().all(|byte| byte.is_ascii_digit());
        if !form || !number || !(3..=4).contains(&parts.len()) || region.len() > 20 {
            return None;
        }
        match *geography {
            "cn" => Some(Self { domain: "console.amazonaws.cn", home: "cn-north-1" }),
            "us" if region.starts_with("us-gov-") => {
                Some(Self { domain: "console.amazonaws-us-gov.com", home: "us-gov-west-1" })
            }
            "eusc" => None,
            _ if region.contains("-iso") => None,
            _ => Some(Self { domain: "console.aws.amazon.com", home: "us-east-1" }),
        }
    }

    fn event(&self, region: &str, id: &str) -> String {
        format!("https://{region}.{}/cloudtrailv2/home?region={region}#/events/{id}", self.domain)
    }

    fn principal(&self, kind: &str, name: &str) -> Option<String> {
        let page = match kind {
            "user" => format!("users/details/{}?section=security_credentials", percent(name)),
            "role" => format!("roles/details/{}?section=permissions", percent(name)),
            _ => return None,
        };
        Some(format!("https://{}.{}/iam/home#/{page}", self.home, self.domain))
    }
}

/// Through the access portal, which signs the reader in to the right account first.
fn through_portal(portal: &str, account: &str, page: &str) -> String {
    format!("{portal}/#/console?account_id={account}&destination={}", percent(page))
}

/// `id`, if it has the form of a CloudTrail event id, a UUID.
fn event_id(id: &str) -> Option<&str> {
    let groups: Vec<&str> = id.split('-').collect();
    let lengths = groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]);
    (lengths && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')).then_some(id)
}

/// Percent-encoding of everything but what RFC 3986 calls unreserved.
fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |encoded, byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            encoded + char::from(byte).encode_utf8(&mut [0; 4])
        }
        _ => encoded + &format!("%{byte:02X}"),
    })
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_partition_has_its_own_console() {
        let host = |region: &str| Console::of(region).map(|console| console.domain);
        assert_eq!(host("eu-central-1"), Some("console.aws.amazon.com"));
        assert_eq!(host("cn-northwest-1"), Some("console.amazonaws.cn"));
        assert_eq!(host("us-gov-east-1"), Some("console.amazonaws-us-gov.com"));
        assert_eq!(host("us-iso-east-1"), None);
        assert_eq!(host("eusc-de-east-1"), None);
        for odd in ["", "us-east-1.evil.example/", "us-east-1#", "evil", "-", "us east-1", "a-b-1-1-1"] {
            assert_eq!(host(odd), None, "{odd}");
        }
    }

    #[test]
    fn names_are_percent_encoded_in_links() {
        let console = Console::of("us-east-1").unwrap();
        assert_eq!(
            console.principal("user", "bob+ci@corp,x=y"),
            Some("https://us-east-1.console.aws.amazon.com/iam/home#/users/details/bob%2Bci%40corp%2Cx%3Dy?section=security_credentials".to_owned())
        );
        assert_eq!(
            through_portal("https://example.awsapps.com/start", "111122223333", "https://a/b?c#/d"),
            "https://example.awsapps.com/start/#/console?account_id=111122223333&destination=https%3A%2F%2Fa%2Fb%3Fc%23%2Fd"
        );
    }

    proptest! {
        #[test]
        fn only_uuids_are_event_ids(text in any::<String>()) {
            prop_assert!(event_id(&text).is_none());
        }

        #[test]
        fn no_region_leads_to_another_host(region in "[a-z0-9./#@:-]{0,20}") {
            if Console::of(&region).is_some() {
                prop_assert!(!region.contains(['.', '/', '#', '@', ':']));
            }
        }
    }
}
