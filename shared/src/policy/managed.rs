//! The managed policies that AWS owns, told by their ARN alone.

use super::actions::compare;
use super::{Exposure, PATHS, Path, Privilege};

/// A managed policy of AWS's own: `arn:PARTITION:iam::aws:policy/PATH/NAME`. No customer's policy has that form: an
/// account's number stands where this has `aws`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AwsManaged<'a> {
    /// `job-function/` for `arn:aws:iam::aws:policy/job-function/Billing`; empty for most.
    pub path: &'a str,
    pub name: &'a str,
    /// The two as they stand in the ARN.
    full_name: &'a str,
}

/// What its document lets its holder do, judged as any other document. `UPDATE=1 make check-policies` writes the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    words: &'static str,
}

/// A head that says where it comes from, an empty line, and one line a policy in the order of [`compare`].
const TABLE: &str = include_str!("managed.txt");

impl<'a> AwsManaged<'a> {
    /// The policy of that ARN, if it is AWS's own, in any partition: `aws`, `aws-cn`, `aws-us-gov`, `aws-iso-b`, …
    #[must_use]
    pub fn from_arn(arn: &'a str) -> Option<Self> {
        let (partition, rest) = arn.strip_prefix("arn:")?.split_once(':')?;
        let aws = partition.strip_prefix("aws")?;
        let known_form =
            aws.is_empty() || aws.starts_with('-') && aws.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        let full_name = rest.strip_prefix("iam::aws:policy/")?;
        let at = full_name.rfind('/').map_or(0, |slash| slash + 1);
        let (path, name) = full_name.split_at_checked(at)?;
        (known_form && !name.is_empty()).then_some(Self { path, name, full_name })
    }

    /// Our judgement of its document, as it is in the partition `aws`. There is none of a policy that is younger than the
    /// table, that AWS has withdrawn, or that is for service-linked roles: nobody can give these to anybody.
    #[must_use]
    pub fn judged(&self) -> Option<Judged> {
        // Two managed policies never differ by case alone.
        let mut rest = TABLE.split_once("\n\n")?.1;
        loop {
            let before_middle = rest.as_bytes().get(..rest.len() / 2)?;
            let start = before_middle.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            let (before, from_here) = rest.split_at_checked(start)?;
            let (line, behind) = from_here.split_once('\n').unwrap_or((from_here, ""));
            let (name, words) = line.split_once(' ')?;
            rest = match compare(name, self.full_name) {
                std::cmp::Ordering::Equal => return Some(Judged { words }),
                std::cmp::Ordering::Less => behind,
                std::cmp::Ordering::Greater => before,
            };
        }
    }

    /// The day up to which the table knows AWS's policies, as `2026-09-30`.
    #[must_use]
    pub fn judged_on() -> &'static str {
        let day = TABLE.split_once("as of ").and_then(|(_, rest)| rest.get(..10));
        day.unwrap_or_default()
    }

    /// What it lets its holder do without a condition, if that is nearly everything.
    #[must_use]
    pub fn privilege(&self) -> Option<Privilege> {
        self.judged()?.privilege()
    }

    /// Whether AWS calls it full access to a service.
    #[must_use]
    pub fn is_full_access(&self) -> bool {
        self.name.contains("FullAccess") || self.path.is_empty() && self.name.starts_with("AdministratorAccess-")
    }

    /// Whether AWS made it for the role of a service, which it lets do its work.
    #[must_use]
    pub fn is_for_services(&self) -> bool {
        self.path == "service-role/" || self.is_for_service_linked_roles()
    }

    /// Whether only AWS can attach it, to a role that only a service can assume.
    #[must_use]
    pub fn is_for_service_linked_roles(&self) -> bool {
        self.path == "aws-service-role/"
    }

    /// Whether AWS puts it on a user whose key it found in public. A version follows the name: the next one too.
    #[must_use]
    pub fn is_key_quarantine(&self) -> bool {
        self.path.is_empty() && self.name.starts_with("AWSCompromisedKeyQuarantine")
    }

    /// Whether it only denies.
    #[must_use]
    pub fn only_denies(&self) -> bool {
        self.judged().map_or(self.is_key_quarantine(), |judged| judged.has("denies"))
    }
}

impl Judged {
    /// The version that was judged, as `v3`: the default of the day.
    #[must_use]
    pub fn version(&self) -> &'static str {
        self.words.split(' ').next().unwrap_or_default()
    }

    /// What it allows without a condition, if that is nearly everything. What else it opens is then not listed.
    #[must_use]
    pub fn privilege(&self) -> Option<Privilege> {
        let privileges = [Privilege::Everything, Privilege::Iam, Privilege::AllButIam];
        privileges.into_iter().find(|privilege| self.has(privilege.slug()))
    }

    /// The same for what it allows under a condition.
    #[must_use]
    pub fn privilege_if(&self) -> Option<Privilege> {
        let privileges = [Privilege::Everything, Privilege::Iam, Privilege::AllButIam];
        privileges.into_iter().find(|privilege| self.rest_of("if:").any(|slug| slug == privilege.slug()))
    }

    /// The escalation paths that it opens with nothing in the way, the worst first.
    pub fn paths(&self) -> impl Iterator<Item = &'static Path> {
        self.words.split(' ').filter_map(|word| PATHS.iter().find(|path| path.reference == word))
    }

    /// What else it opens without a condition.
    pub fn exposes(&self) -> impl Iterator<Item = Exposure> {
        self.words.split(' ').filter_map(|word| Exposure::ALL.into_iter().find(|exposure| exposure.slug() == word))
    }

    /// The services of which it allows every action on every resource: `lambda`.
    pub fn whole_services(&self) -> impl Iterator<Item = &'static str> {
        self.rest_of("all:").flat_map(|services| services.split(','))
    }

    /// Whether all that it allows is reading, by the names of the actions.
    #[must_use]
    pub fn only_reads(&self) -> bool {
        self.has("reads")
    }

    fn has(&self, wanted: &str) -> bool {
        self.words.split(' ').any(|word| word == wanted)
    }

    fn rest_of(&self, prefix: &'static str) -> impl Iterator<Item = &'static str> {
        self.words.split(' ').filter_map(move |word| word.strip_prefix(prefix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn administrator_access_is_known_in_every_partition() {
        for partition in ["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"] {
            let arn = format!("arn:{partition}:iam::aws:policy/AdministratorAccess");
            assert_eq!(AwsManaged::from_arn(&arn).unwrap().privilege(), Some(Privilege::Everything), "{arn}");
        }
    }

    #[test]
    fn a_policy_of_the_same_name_is_not_awss() {
        for arn in [
            "arn:aws:iam::111122223333:policy/AdministratorAccess",
            "arn:aws:iam::111122223333:policy/aws:policy/AdministratorAccess",
            "arn:awsome:iam::aws:policy/AdministratorAccess",
            "arn:aws:sts::aws:policy/AdministratorAccess",
            "arn:aws:iam::aws:policy/",
            "AdministratorAccess",
            "",
        ] {
            assert_eq!(AwsManaged::from_arn(arn), None, "{arn}");
        }
    }

    #[test]
    fn a_policy_under_another_path_or_with_a_longer_name_is_another_policy() {
        for name in [
            "job-function/AdministratorAccess",
            "AdministratorAccess-Amplify",
            "AdministratorAccess2",
            "AWSCodeCommitPowerUser",
            "job-function/Billing",
        ] {
            let arn = format!("arn:aws:iam::aws:policy/{name}");
            assert_eq!(AwsManaged::from_arn(&arn).unwrap().privilege(), None, "{arn}");
        }
    }

    #[test]
    fn a_quarantine_that_is_newer_than_the_table_only_denies_too() {
        let only_denies =
            |name: &str| AwsManaged::from_arn(&format!("arn:aws:iam::aws:policy/{name}")).unwrap().only_denies();
        assert!(only_denies("AWSCompromisedKeyQuarantineV3") && only_denies("AWSCompromisedKeyQuarantineV9"));
        assert!(only_denies("AWSDenyAll") && !only_denies("ReadOnlyAccess") && !only_denies("AWSDenyNothingYet"));
    }

    #[test]
    fn a_path_is_told_from_the_name() {
        let policy = AwsManaged::from_arn("arn:aws:iam::aws:policy/service-role/AWSLambdaRole").unwrap();
        assert_eq!((policy.path, policy.name), ("service-role/", "AWSLambdaRole"));
    }
}
