//! The policy documents in a file: a policy by itself, `CloudFormation` and SAM templates, Terraform plans.

use iamwatch::policy::Permission;
use serde_json::{Map, Value, json};

use super::tree::{Kind, Node};

/// What stands for the account of a template: `AWS::AccountId`.
pub(super) const OWN: &str = "000000000000";

/// A document, or a managed policy that is attached, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    /// As `DeployRole.Policies`, or the address of a Terraform resource; none for a file that is a policy.
    pub(super) place: Option<String>,
    pub(super) what: What,
    /// Where it begins, and where each of its statements does.
    pub(super) line: Option<usize>,
    pub(super) lines: Vec<Option<usize>>,
    /// The role that it is a trust policy of, where its name is known.
    pub(super) role: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum What {
    Document(Value),
    /// The ARN of a managed policy.
    Managed(String),
    /// A document that is not known before the plan is applied.
    Unknown,
}

/// All documents of a file.
///
/// # Errors
///
/// Why it cannot be read.
pub(super) fn find(text: &str) -> Result<Vec<Found>, String> {
    let text = text.trim_start_matches('\u{feff}');
    let json = text.trim_start().starts_with(['{', '[']);
    let value: Option<Value> = match serde_json::from_str(text) {
        Ok(value) => Some(value),
        Err(error) if json => return Err(format!("it is no JSON: {error}")),
        Err(_) => None,
    };
    // As IAM answers it: URL-encoded, or JSON in a string.
    let as_text = match &value {
        Some(Value::String(inner)) => Some(inner.as_str()),
        None if text.trim_start().starts_with('%') => Some(text),
        _ => None,
    };
    if let Some(inner) = as_text {
        let what = What::Document(Value::from(inner));
        return Ok(vec![Found { place: None, what, line: Some(1), lines: Vec::new(), role: None }]);
    }
    if let Some(plan) = value.as_ref().filter(|value| is_plan(value)) {
        return Ok(of_plan(plan));
    }
    // JSON is YAML, which knows its lines; where it is not, the lines are lost and nothing else.
    let node = match (Node::parse(text), &value) {
        (Ok(node), _) => node,
        (Err(_), Some(value)) => Node::of(value),
        (Err(error), None) => return Err(format!("it is neither JSON nor YAML: {error}")),
    };
    if let Some(resources) = node.get("Resources").filter(|resources| matches!(resources.kind, Kind::Map(_))) {
        return Ok(resources.entries().iter().flat_map(|(name, resource)| of_resource(name, resource)).collect());
    }
    // What the AWS command line answers has the document inside.
    let inside = ["PolicyVersion", "Role"].into_iter().find_map(|key| node.get(key)).unwrap_or(&node);
    let keys = ["Document", "PolicyDocument", "AssumeRolePolicyDocument"];
    let policy = keys.into_iter().find_map(|key| inside.get(key)).unwrap_or(&node);
    if policy.get("Statement").is_none() {
        return Err("it is no policy, no `CloudFormation` template and no Terraform plan".to_owned());
    }
    let document = match &value {
        Some(value) if std::ptr::eq(policy, &raw const node) => value.clone(),
        _ => one(policy),
    };
    Ok(vec![Found {
        place: None,
        what: What::Document(document),
        line: policy.line,
        lines: policy.statement_lines(),
        role: inside.get("RoleName").and_then(Node::text).map(str::to_owned),
    }])
}

/// Resources with a policy of their own, and the property that it stands in.
const OF_RESOURCES: [(&str, &[&str]); 17] = [
    ("AWS::Backup::BackupVault", &["AccessPolicy"]),
    ("AWS::ECR::RegistryPolicy", &["PolicyText"]),
    ("AWS::ECR::Repository", &["RepositoryPolicyText"]),
    ("AWS::Elasticsearch::Domain", &["AccessPolicies"]),
    ("AWS::KMS::Key", &["KeyPolicy"]),
    ("AWS::KMS::ReplicaKey", &["KeyPolicy"]),
    ("AWS::Kinesis::ResourcePolicy", &["ResourcePolicy"]),
    ("AWS::Logs::Destination", &["DestinationPolicy"]),
    ("AWS::OpenSearchService::Domain", &["AccessPolicies"]),
    ("AWS::S3::AccessPoint", &["Policy"]),
    ("AWS::S3::BucketPolicy", &["PolicyDocument"]),
    ("AWS::S3Tables::TableBucketPolicy", &["ResourcePolicy"]),
    ("AWS::SNS::TopicInlinePolicy", &["PolicyDocument"]),
    ("AWS::SNS::TopicPolicy", &["PolicyDocument"]),
    ("AWS::SQS::QueueInlinePolicy", &["PolicyDocument"]),
    ("AWS::SQS::QueuePolicy", &["PolicyDocument"]),
    ("AWS::SecretsManager::ResourcePolicy", &["ResourcePolicy"]),
];

/// A function's permission is one statement of its policy.
fn of_permission(name: &str, properties: &Node) -> Vec<Found> {
    let said = Value::Object(properties.entries().iter().map(|(key, node)| (key.clone(), one(node))).collect());
    let (Some(principal), Some(action)) = (text(&said, "Principal"), text(&said, "Action")) else { return Vec::new() };
    let permission = Permission {
        principal,
        action,
        resource: None,
        source_arn: text(&said, "SourceArn"),
        source_account: text(&said, "SourceAccount"),
        organization: text(&said, "PrincipalOrgID").or_else(|| text(&said, "OrganizationId")),
        url_auth: text(&said, "FunctionUrlAuthType"),
    };
    vec![Found {
        place: Some(name.to_owned()),
        what: What::Document(permission.policy()),
        line: properties.line,
        lines: Vec::new(),
        role: None,
    }]
}

fn of_resource(name: &str, resource: &Node) -> Vec<Found> {
    let kind = resource.get("Type").and_then(Node::text).unwrap_or_default();
    let Some(properties) = resource.get("Properties") else { return Vec::new() };
    if matches!(kind, "AWS::Lambda::Permission" | "AWS::Lambda::LayerVersionPermission") {
        return of_permission(name, properties);
    }
    if let Some((_, keys)) = OF_RESOURCES.iter().find(|(known, _)| *known == kind) {
        let documents = properties.entries().iter().filter(|(key, _)| keys.contains(&key.as_str()));
        let found = |(key, node): &(String, Node)| Found {
            place: Some(format!("{name}.{key}")),
            what: What::Document(one(node)),
            line: node.line,
            lines: node.statement_lines(),
            role: None,
        };
        return documents.map(found).collect();
    }
    if !["AWS::IAM::", "AWS::Serverless::", "AWS::SSO::"].iter().any(|family| kind.starts_with(family)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let role = properties.get("RoleName").and_then(Node::text).map(str::to_owned);
    for (key, node) in properties.entries() {
        let place = Some(format!("{name}.{key}"));
        let document = |node: &Node, role: Option<String>| Found {
            place: place.clone(),
            what: What::Document(one(node)),
            line: node.line,
            lines: node.statement_lines(),
            role,
        };
        match key.as_str() {
            "PolicyDocument" | "InlinePolicy" => found.push(document(node, None)),
            "AssumeRolePolicyDocument" => found.push(document(node, role.clone())),
            "Policies" | "ManagedPolicyArns" | "ManagedPolicies" => {
                for policy in flat(node) {
                    if let Some(inner) = policy.get("PolicyDocument") {
                        found.push(document(inner, None));
                    } else if policy.get("Statement").is_some() {
                        found.push(document(policy, None));
                    } else if let Value::String(arn) = one(policy) {
                        // SAM takes a bare name of AWS's own policies.
                        let arn = if arn.contains(':') { arn } else { format!("arn:aws:iam::aws:policy/{arn}") };
                        found.push(Found {
                            place: place.clone(),
                            what: What::Managed(arn),
                            line: policy.line,
                            lines: Vec::new(),
                            role: None,
                        });
                    }
                }
            }
            _ => {}
        }
    }
    found
}

/// The elements of a list, with both sides of every `Fn::If`.
fn flat(node: &Node) -> Vec<&Node> {
    let mut all = Vec::new();
    for element in node.elements() {
        match function(element) {
            Some(("If", arguments)) => all.extend(arguments.elements().iter().skip(1).flat_map(flat)),
            _ => all.push(element),
        }
    }
    all
}

/// The intrinsic function that a node is, in either form, and its arguments.
fn function(node: &Node) -> Option<(&str, &Node)> {
    if let Some(tag) = &node.tag {
        return Some((tag, node));
    }
    match node.entries() {
        [(key, arguments)] if key == "Ref" => Some(("Ref", arguments)),
        [(key, arguments)] => key.strip_prefix("Fn::").map(|name| (name, arguments)),
        _ => None,
    }
}

/// The value with its functions worked out as far as that can be. What is not known before it is deployed stands as a
/// variable, `${Name}`.
fn one(node: &Node) -> Value {
    let mut values = values(node);
    match values.len() {
        1 => values.remove(0),
        0 => Value::Null,
        _ => Value::Array(values.into_iter().flat_map(spread).collect()),
    }
}

fn spread(value: Value) -> Vec<Value> {
    match value {
        Value::Array(list) => list,
        other => vec![other],
    }
}

/// As [`one`], both sides of an `Fn::If`, and nothing for `AWS::NoValue`.
fn values(node: &Node) -> Vec<Value> {
    if let Some((name, arguments)) = function(node) {
        return worked_out(name, arguments);
    }
    vec![match &node.kind {
        Kind::Null => Value::Null,
        Kind::Text(text) => Value::from(text.as_str()),
        Kind::List(list) => Value::Array(
            list.iter()
                .flat_map(|element| {
                    let several = matches!(function(element), Some(("If", _)));
                    let values = values(element);
                    if several { values.into_iter().flat_map(spread).collect() } else { values }
                })
                .collect(),
        ),
        Kind::Map(map) => {
            let mut object = Map::new();
            for (key, node) in map {
                let absent = matches!(function(node), Some(("Ref", name)) if name.text() == Some("AWS::NoValue"));
                if !absent {
                    object.insert(key.clone(), one(node));
                }
            }
            Value::Object(object)
        }
    }]
}

fn worked_out(name: &str, arguments: &Node) -> Vec<Value> {
    let unknown = |what: &str| vec![Value::from(format!("${{{what}}}"))];
    // The arguments without the tag that made them so.
    let bare = Node { tag: None, ..arguments.clone() };
    match name {
        "Ref" => match bare.text() {
            Some("AWS::NoValue") | None => Vec::new(),
            Some(name) => vec![Value::from(pseudo(name).map_or_else(|| format!("${{{name}}}"), str::to_owned))],
        },
        "Sub" => {
            let text = bare.elements().first().and_then(Node::text).unwrap_or_default();
            vec![Value::from(substituted(text))]
        }
        "GetAtt" => match &bare.kind {
            Kind::Text(text) => unknown(text),
            _ => unknown(&bare.elements().iter().filter_map(Node::text).collect::<Vec<_>>().join(".")),
        },
        "Join" => match bare.elements() {
            [between, parts] => {
                let parts: Vec<String> = spread(one(parts))
                    .into_iter()
                    .map(|part| part.as_str().map_or_else(|| "${Join}".to_owned(), str::to_owned))
                    .collect();
                vec![Value::from(parts.join(between.text().unwrap_or_default()))]
            }
            _ => unknown("Join"),
        },
        "If" => bare.elements().iter().skip(1).flat_map(values).collect(),
        _ => unknown(name),
    }
}

fn pseudo(name: &str) -> Option<&'static str> {
    match name {
        "AWS::Partition" => Some("aws"),
        "AWS::AccountId" => Some(OWN),
        "AWS::Region" => Some("us-east-1"),
        "AWS::URLSuffix" => Some("amazonaws.com"),
        _ => None,
    }
}

/// `${AWS::Partition}` and its kind filled in, `${!aws:username}` as the policy variable that it becomes.
fn substituted(text: &str) -> String {
    let mut done = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("${") {
        done.push_str(before);
        let Some((name, after)) = behind.split_once('}') else {
            done.push_str("${");
            rest = behind;
            continue;
        };
        match (name.strip_prefix('!'), pseudo(name.trim())) {
            (Some(literal), _) => done.extend(["${", literal, "}"]),
            (None, Some(value)) => done.push_str(value),
            (None, None) => done.extend(["${", name, "}"]),
        }
        rest = after;
    }
    done + rest
}

fn is_plan(value: &Value) -> bool {
    value.get("planned_values").is_some() || value.get("resource_changes").is_some()
}

fn of_plan(plan: &Value) -> Vec<Found> {
    let mut found = Vec::new();
    if let Some(root) = plan.get("planned_values").and_then(|values| values.get("root_module")) {
        let mut modules = vec![root];
        while let Some(module) = modules.pop() {
            for resource in list(module, "resources") {
                let kind = text(resource, "type").unwrap_or_default();
                of_terraform(&mut found, kind, text(resource, "address"), resource.get("values"));
            }
            modules.extend(list(module, "child_modules"));
        }
    }
    for change in list(plan, "resource_changes") {
        let (kind, address) = (text(change, "type").unwrap_or_default(), text(change, "address"));
        let Some(change) = change.get("change") else { continue };
        if plan.get("planned_values").is_none() {
            of_terraform(&mut found, kind, address, change.get("after"));
        }
        // A resource that may have a policy has one of AWS's own where none is said: that is not known either.
        if OPTIONAL.contains(&kind) {
            continue;
        }
        let unknown =
            |key: &&&str| change.get("after_unknown").and_then(|unknown| unknown.get(**key)) == Some(&json!(true));
        for key in documents_of(kind).iter().filter(unknown) {
            found.push(Found {
                place: address.map(|address| format!("{address}.{key}")),
                what: What::Unknown,
                line: None,
                lines: Vec::new(),
                role: None,
            });
        }
    }
    found
}

/// The attributes of a Terraform resource that are documents.
fn documents_of(kind: &str) -> &'static [&'static str] {
    match kind {
        "aws_iam_role" => &["assume_role_policy"],
        "aws_ssoadmin_permission_set_inline_policy" => &["inline_policy"],
        "aws_backup_vault_policy"
        | "aws_ecr_registry_policy"
        | "aws_ecr_repository_policy"
        | "aws_glue_resource_policy"
        | "aws_iam_group_policy"
        | "aws_iam_policy"
        | "aws_iam_role_policy"
        | "aws_iam_user_policy"
        | "aws_kinesis_resource_policy"
        | "aws_kms_external_key"
        | "aws_kms_key"
        | "aws_kms_key_policy"
        | "aws_kms_replica_key"
        | "aws_s3_access_point"
        | "aws_s3_bucket"
        | "aws_s3_bucket_policy"
        | "aws_s3control_access_point_policy"
        | "aws_secretsmanager_secret"
        | "aws_secretsmanager_secret_policy"
        | "aws_sns_topic"
        | "aws_sns_topic_policy"
        | "aws_sqs_queue"
        | "aws_sqs_queue_policy" => &["policy"],
        "aws_cloudwatch_log_destination_policy" | "aws_glacier_vault" => &["access_policy"],
        "aws_dynamodb_resource_policy" => &["resource_policy"],
        "aws_elasticsearch_domain"
        | "aws_elasticsearch_domain_policy"
        | "aws_opensearch_domain"
        | "aws_opensearch_domain_policy" => &["access_policies"],
        _ => &[],
    }
}

/// Resources that may say their policy themselves.
const OPTIONAL: [&str; 11] = [
    "aws_elasticsearch_domain",
    "aws_glacier_vault",
    "aws_kms_external_key",
    "aws_kms_key",
    "aws_kms_replica_key",
    "aws_opensearch_domain",
    "aws_s3_access_point",
    "aws_s3_bucket",
    "aws_secretsmanager_secret",
    "aws_sns_topic",
    "aws_sqs_queue",
];

fn of_terraform(found: &mut Vec<Found>, kind: &str, address: Option<&str>, values: Option<&Value>) {
    let Some(values) = values else { return };
    let mut push = |key: &str, what: What, role: Option<String>| {
        let place = address.map(|address| format!("{address}.{key}"));
        found.push(Found { place, what, line: None, lines: Vec::new(), role });
    };
    for key in documents_of(kind) {
        if let Some(document) = values.get(key).filter(|document| !document.is_null() && document.as_str() != Some(""))
        {
            let role = (kind == "aws_iam_role").then(|| text(values, "name").map(str::to_owned)).flatten();
            push(key, What::Document(document.clone()), role);
        }
    }
    if kind == "aws_iam_role" {
        for inline in list(values, "inline_policy") {
            if let Some(document) = inline.get("policy").filter(|document| document.as_str() != Some("")) {
                push("inline_policy", What::Document(document.clone()), None);
            }
        }
        for arn in list(values, "managed_policy_arns").filter_map(Value::as_str) {
            push("managed_policy_arns", What::Managed(arn.to_owned()), None);
        }
    }
    if matches!(kind, "aws_lambda_permission" | "aws_lambda_layer_version_permission")
        && let (Some(principal), Some(action)) = (text(values, "principal"), text(values, "action"))
    {
        let permission = Permission {
            principal,
            action,
            resource: None,
            source_arn: text(values, "source_arn"),
            source_account: text(values, "source_account"),
            organization: text(values, "principal_org_id").or_else(|| text(values, "organization_id")),
            url_auth: text(values, "function_url_auth_type"),
        };
        push("principal", What::Document(permission.policy()), None);
    }
    let attaches = kind.starts_with("aws_iam_") && kind.ends_with("policy_attachment");
    if let Some(arn) = text(values, "policy_arn").filter(|_| attaches) {
        push("policy_arn", What::Managed(arn.to_owned()), None);
    }
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}
