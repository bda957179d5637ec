//! The managed policies that AWS owns, told by their ARN alone.

use super::Privilege;

/// A managed policy of AWS's own: `arn:PARTITION:iam::aws:policy/PATH/NAME`. No customer's policy has that form: an
/// account's number stands where this has `aws`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AwsManaged<'a> {
    /// `job-function/` for `arn:aws:iam::aws:policy/job-function/Billing`; empty for most.
    pub path: &'a str,
    pub name: &'a str,
}

/// What its three strongest let their holder do.
const PRIVILEGED: [(&str, Privilege); 3] = [
    ("AdministratorAccess", Privilege::Everything),
    ("IAMFullAccess", Privilege::Iam),
    ("PowerUserAccess", Privilege::AllButIam),
];

/// Those that allow nothing: they are there to hold somebody back.
const DENYING: [&str; 4] =
    ["AWSDenyAll", "AWSCompromisedKeyQuarantine", "AWSCompromisedKeyQuarantineV2", "AWSCompromisedKeyQuarantineV3"];

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
        (known_form && !name.is_empty()).then_some(Self { path, name })
    }

    /// What it lets its holder do, if it is one of the few that let them do nearly everything.
    #[must_use]
    pub fn privilege(&self) -> Option<Privilege> {
        PRIVILEGED.into_iter().find(|(name, _)| self.is(name)).map(|(_, privilege)| privilege)
    }

    /// Whether it lets its holder do everything within a service.
    #[must_use]
    pub fn is_full_access(&self) -> bool {
        self.name.contains("FullAccess") || self.path.is_empty() && self.name.starts_with("AdministratorAccess-")
    }

    /// Whether it only denies.
    #[must_use]
    pub fn only_denies(&self) -> bool {
        DENYING.into_iter().any(|name| self.is(name))
    }

    /// Two managed policies never differ by case alone.
    fn is(&self, name: &str) -> bool {
        self.path.is_empty() && self.name.eq_ignore_ascii_case(name)
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
            "AWSCodeCommitPowerUser",
            "job-function/Billing",
        ] {
            let arn = format!("arn:aws:iam::aws:policy/{name}");
            assert_eq!(AwsManaged::from_arn(&arn).unwrap().privilege(), None, "{arn}");
        }
    }

    #[test]
    fn a_path_is_told_from_the_name() {
        let policy = AwsManaged::from_arn("arn:aws:iam::aws:policy/service-role/AWSLambdaRole").unwrap();
        assert_eq!((policy.path, policy.name), ("service-role/", "AWSLambdaRole"));
    }
}
