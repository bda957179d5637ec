//! The parts of an ARN, `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`. A resource may hold colons itself.

/// The account that owns what the ARN names: 12 digits, empty for a bucket, `aws` for a policy of AWS's own. None if it is no ARN.
#[must_use]
pub fn account(arn: &str) -> Option<&str> {
    arn.split(':').nth(4)
}

/// What the ARN names within its account, such as `user/eng/bob`. None if it is no ARN.
#[must_use]
pub fn resource(arn: &str) -> Option<&str> {
    arn.splitn(6, ':').nth(5)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_parts_of_an_arn_are_read_and_what_is_none_has_none() {
        let user = "arn:aws:iam::111122223333:user/eng/bob";
        assert_eq!((super::account(user), super::resource(user)), (Some("111122223333"), Some("user/eng/bob")));
        let group = "arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda:*";
        assert_eq!(super::resource(group), Some("log-group:/aws/lambda:*"));
        assert_eq!(super::account("arn:aws:s3:::logs"), Some(""));
        assert_eq!((super::account("111122223333"), super::resource("bob")), (None, None));
    }
}
