//! The parts of an ARN, `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`. A resource may hold colons itself.

/// The account that owns what the ARN names: 12 digits, empty for a bucket, `aws` for a policy of AWS's own. None if it is no ARN.
#[must_use]
pub fn account(arn: &str) -> Option<&str> {
    after(arn, 4)?.split(':').next()
}

/// What the ARN names within its account, such as `user/eng/bob`. None if it is no ARN.
#[must_use]
pub fn resource(arn: &str) -> Option<&str> {
    after(arn, 5)
}

/// What follows that many colons. Byte by byte: the parts are short, and every event has its ARNs taken apart many times.
fn after(arn: &str, colons: usize) -> Option<&str> {
    let mut places = arn.bytes().enumerate().filter(|(_, byte)| *byte == b':');
    let (last, _) = places.nth(colons - 1)?;
    arn.get(last + 1..)
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
