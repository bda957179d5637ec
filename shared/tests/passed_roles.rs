//! That the role is found wherever a call puts it, for every call that is known to receive one.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by failing")]

use iamwatch::config::Config;
use iamwatch::detect::{ALL, Context, by_id};
use iamwatch::event::{BUSY_RECEIVERS, Event, PassedKind, RECEIVERS, Receiver};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// The calls of the known escalation paths that hand a role to a service. Paths with the calls of another are left out.
const PATHS: &str = "
PE-039 autoscaling:CreateAutoScalingGroup autoscaling:CreateLaunchConfiguration
PE-040 autoscaling:CreateLaunchConfiguration autoscaling:UpdateAutoScalingGroup
PE-041 batch:RegisterJobDefinition batch:SubmitJob
PE-042 bedrock-agentcore:ConnectBrowserAutomationStream bedrock-agentcore:CreateBrowser bedrock-agentcore:StartBrowserSession
PE-043 bedrock-agentcore:CreateAgentRuntime bedrock-agentcore:CreateHarness bedrock-agentcore:InvokeAgentRuntimeCommand
PE-044 bedrock-agentcore:CreateAgentRuntime bedrock-agentcore:CreateAgentRuntimeEndpoint
PE-045 braket:CreateJob
PE-046 cloudformation:CreateChangeSet cloudformation:ExecuteChangeSet
PE-047 codestar:CreateProject
PE-048 cognito-identity:SetIdentityPoolRoles
PE-049 ecs:DeregisterContainerInstance ecs:RegisterContainerInstance ecs:StartTask
PE-050 ecs:RunTask
PE-051 ecs:StartTask
PE-052 elasticmapreduce:RunJobFlow
PE-053 emr-serverless:CreateApplication emr-serverless:StartJobRun
PE-054 gamelift:CreateBuild gamelift:CreateFleet gamelift:RequestUploadCredentials
PE-055 glue:CreateSession glue:RunStatement
PE-056 apprunner:CreateService
PE-057 autoscaling:CreateAutoScalingGroup ec2:CreateLaunchTemplate
PE-058 bedrock-agentcore:CreateCodeInterpreter bedrock-agentcore:InvokeCodeInterpreter
PE-059 bedrock-agentcore:CreateCodeInterpreter bedrock-agentcore:StartCodeInterpreterSession
PE-060 cloudformation:CreateStack
PE-061 cloudformation:CreateStackSet cloudformation:CreateStackInstances
PE-062 cloudformation:UpdateStackSet
PE-063 codebuild:CreateProject codebuild:StartBuild
PE-064 codebuild:CreateProject codebuild:StartBuildBatch
PE-065 datapipeline:CreatePipeline datapipeline:PutPipelineDefinition
PE-067 datapipeline:PutPipelineDefinition datapipeline:ActivatePipeline
PE-068 ec2:RequestSpotInstances
PE-069 ec2:RunInstances
PE-070 ecs:CreateCluster ecs:RegisterTaskDefinition ecs:CreateService
PE-075 glue:CreateDevEndpoint
PE-076 glue:CreateJob
PE-077 glue:CreateJob glue:CreateTrigger
PE-078 glue:CreateJob glue:StartJobRun
PE-079 glue:UpdateJob
PE-082 imagebuilder:CreateComponent imagebuilder:CreateImage imagebuilder:CreateInfrastructureConfiguration
PE-083 kinesisanalytics:CreateApplication kinesisanalytics:StartApplication
PE-084 lambda:CreateFunction20150331 lambda:AddPermission20150331v2
PE-085 lambda:CreateFunction20150331 lambda:CreateEventSourceMapping20150331
PE-088 omics:CreateWorkflow omics:StartRun
PE-089 sagemaker:CreateNotebookInstance
PE-090 sagemaker:CreateProcessingJob
PE-091 sagemaker:CreateTrainingJob
PE-092 scheduler:CreateSchedule
PE-093 ssm:CreateDocument ssm:StartAutomationExecution
PE-094 states:CreateStateMachine states:StartExecution
PE-095 sagemaker:CreateNotebookInstance sagemaker:CreatePresignedNotebookInstanceUrl
PE-115 lambda:UpdateFunctionConfiguration20150331v2
";

/// Calls of these paths that name no role: they start, open or describe what has one.
const WITHOUT_A_ROLE: [&str; 28] = [
    "autoscaling:UpdateAutoScalingGroup",
    "batch:SubmitJob",
    "bedrock-agentcore:ConnectBrowserAutomationStream",
    "bedrock-agentcore:CreateAgentRuntimeEndpoint",
    "bedrock-agentcore:InvokeAgentRuntimeCommand",
    "bedrock-agentcore:InvokeCodeInterpreter",
    "bedrock-agentcore:StartBrowserSession",
    "bedrock-agentcore:StartCodeInterpreterSession",
    "cloudformation:CreateStackInstances",
    "cloudformation:ExecuteChangeSet",
    "datapipeline:ActivatePipeline",
    "datapipeline:CreatePipeline",
    "ecs:CreateCluster",
    "ecs:DeregisterContainerInstance",
    "ecs:RegisterContainerInstance",
    "emr-serverless:CreateApplication",
    "gamelift:RequestUploadCredentials",
    "glue:CreateTrigger",
    "glue:RunStatement",
    "glue:StartJobRun",
    "imagebuilder:CreateComponent",
    "kinesisanalytics:StartApplication",
    "lambda:AddPermission20150331v2",
    "lambda:CreateEventSourceMapping20150331",
    "omics:CreateWorkflow",
    "sagemaker:CreatePresignedNotebookInstanceUrl",
    "ssm:CreateDocument",
    "states:StartExecution",
];

const ROLE: &str = "arn:aws:iam::111122223333:role/service-role/strong";

fn receivers() -> impl Iterator<Item = &'static Receiver> {
    RECEIVERS.iter().chain(BUSY_RECEIVERS)
}

fn called(source: &str, name: &str, parameters: &Value) -> Event {
    Event::decode(json!({"eventSource": source, "eventName": name, "requestParameters": parameters}))
}

/// Parameters that hold `role` at the path, with a list wherever there may be one.
fn holding(path: &str, role: &str) -> Value {
    let (step, rest) = path.split_once('.').map_or((path, None), |(step, rest)| (step, Some(rest)));
    if let Some((key, value)) = step.split_once('=') {
        let mut inner = holding(rest.unwrap(), role);
        inner.as_object_mut().unwrap().insert(key.to_owned(), json!(value));
        return inner;
    }
    let key = step.split('|').next_back().unwrap().replace('*', "any");
    let inner = rest.map_or_else(|| json!([role]), |rest| json!([null, holding(rest, role)]));
    json!({key: inner})
}

#[test]
fn every_receiving_call_of_the_known_paths_is_in_the_table() {
    let mut missing = Vec::new();
    for line in PATHS.lines().filter(|line| !line.is_empty()) {
        let calls = line.split(' ').skip(1);
        let receives = |call: &str| {
            let (service, name) = call.split_once(':').unwrap();
            let source = format!("{service}.amazonaws.com");
            receivers().any(|receiver| {
                receiver.source == source
                    && receiver.calls.iter().any(|known| match known.strip_suffix('*') {
                        Some(prefix) => name.starts_with(prefix),
                        None => *known == name,
                    })
            })
        };
        let (receiving, others): (Vec<&str>, Vec<&str>) = calls.partition(|call| receives(call));
        if receiving.is_empty() {
            missing.push(line.to_owned());
        }
        let known = |call: &&str| WITHOUT_A_ROLE.contains(call);
        missing.extend(others.into_iter().filter(|call| !known(call)).map(|call| format!("{line}: {call}")));
    }
    assert!(missing.is_empty(), "no receiver, or not known to be none:\n{}", missing.join("\n"));
}

#[test]
fn a_role_is_found_under_every_parameter_of_every_receiver() {
    for receiver in receivers() {
        for call in receiver.calls {
            for parameter in receiver.parameters {
                let name = call.replace('*', "0150331v2");
                let plain = holding(parameter, ROLE);
                let wrapped = json!({format!("{call}Request"): plain});
                for parameters in [plain, wrapped] {
                    let event = called(receiver.source, &name, &parameters);
                    let passed = event.passed_roles();
                    let found = passed.iter().find(|passed| passed.parameter == *parameter);
                    let found = found.map(|passed| (passed.role, passed.service, passed.kind));
                    assert_eq!(found, Some((ROLE, receiver.service, receiver.kind)), "{name} {parameters}");
                }
            }
        }
    }
}

#[test]
fn the_detection_waits_for_every_receiver_but_the_busy_ones() {
    let detection = by_id("role-passed").unwrap();
    for (receivers, seen) in [(RECEIVERS, true), (BUSY_RECEIVERS, false)] {
        for receiver in receivers {
            for call in receiver.calls {
                assert_eq!(detection.sees(receiver.source, call), seen, "{} {call}", receiver.source);
            }
        }
    }
}

#[test]
fn a_name_an_arn_and_a_path_are_one_name_and_only_an_arn_has_an_account() {
    let event = called(
        "elasticmapreduce.amazonaws.com",
        "RunJobFlow",
        &json!({"jobFlowRole": "EMR_EC2_DefaultRole", "serviceRole": "arn:aws-cn:iam::123456789012:role/a/b/EMR"}),
    );
    let passed = event.passed_roles();
    let told: Vec<_> = passed.iter().map(|passed| (passed.name(), passed.account(), passed.kind)).collect();
    let expected =
        [("EMR", Some("123456789012"), PassedKind::Role), ("EMR_EC2_DefaultRole", None, PassedKind::InstanceProfile)];
    assert_eq!(told, expected);
}

#[test]
fn what_is_no_role_is_not_passed() {
    let nothing = [
        json!(null),
        json!("role"),
        json!({"role": ""}),
        json!({"role": "null"}),
        json!({"role": "{{ AutomationAssumeRole }}"}),
        json!({"role": "arn:aws:iam::111122223333:user/bob"}),
        json!({"role": {"arn": ROLE}}),
        json!({"roles": ROLE}),
        json!({"tags": {"role": ROLE}}),
        json!({"omitted": true, "reason": "requestParameters too large"}),
    ];
    for parameters in nothing {
        let event = called("lambda.amazonaws.com", "CreateFunction20150331", &parameters);
        assert_eq!(event.passed_roles(), [], "{parameters}");
    }
    let parameters = json!({"role": ROLE});
    for (source, name) in
        [("lambda.amazonaws.com", "CreateFunctionUrlConfig"), ("glue.amazonaws.com", "CreateFunction")]
    {
        assert_eq!(called(source, name, &parameters).passed_roles(), [], "{source} {name}");
    }
}

fn hostile() -> impl Strategy<Value = Value> {
    let steps = receivers().flat_map(|receiver| receiver.parameters).flat_map(|path| path.split(['.', '|', '=']));
    // And what the detections of these calls ask for.
    let names =
        ["functionName", "name", "principalArn", "policyArn", "projectName", "buildspecOverride", "layers", "onStart"];
    let more =
        ["items", "aRequest", "", "\u{0}", "targets", "values", "userData", "content", "instanceIds", "documentName"];
    let keys: Vec<&str> = steps.chain(names).chain(more).collect();
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
        Just(json!(ROLE)),
    ];
    leaf.prop_recursive(6, 64, 4, move |inner| {
        let key = prop::sample::select(keys.clone());
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..4).prop_map(|pairs| {
                pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>().into()
            }),
        ]
    })
}

proptest! {
    #[test]
    fn hostile_parameters_are_read_without_panic(parameters in hostile(), row in any::<prop::sample::Index>()) {
        let receiver = row.get(RECEIVERS);
        for call in receiver.calls {
            let event = called(receiver.source, &call.replace('*', "0150331"), &parameters);
            prop_assert!(event.passed_roles().iter().all(|passed| !passed.role.is_empty()));
        }
    }

    #[test]
    fn no_detection_fails_on_hostile_parameters(parameters in hostile(), row in any::<prop::sample::Index>()) {
        let config = Config::default();
        let detection = row.get(ALL);
        for calls in detection.calls {
            for name in calls.names {
                let event = called(calls.source, &name.replace('*', "20150331"), &parameters);
                let _ = (detection.detect)(&event, &Context::new(&config));
            }
        }
    }
}
