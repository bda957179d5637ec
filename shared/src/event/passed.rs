//! Which roles a call hands to a service.
//!
//! `iam:PassRole` has no event of its own: the role sits in a parameter of the call that receives it. The names of calls and
//! parameters are those of AWS's service models, in which CloudTrail makes the first letter small.

use serde_json::{Map, Value};

use super::{Event, text};

/// A role that a call hands to a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed<'a> {
    /// The ARN or the name, as the caller wrote it.
    pub role: &'a str,
    /// An instance profile holds a role, most often one of the same name.
    pub kind: PassedKind,
    /// The parameter it stood in: a path as in [`Receiver::parameters`].
    pub parameter: &'static str,
    /// The service that may act as the role from now on.
    pub service: &'static str,
}

/// What is handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassedKind {
    Role,
    InstanceProfile,
}

/// Calls of one service that take a role under the same parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receiver {
    /// `eventSource`
    pub source: &'static str,
    /// The service's name in a sentence.
    pub service: &'static str,
    pub kind: PassedKind,
    /// Event names. One that ends in `*` has an API date behind it.
    pub calls: &'static [&'static str],
    /// Paths below `requestParameters`. A step is a key in any case, `a|b` either of two, `*` every value, and `key=value`
    /// keeps only what has that. Lists are walked through.
    pub parameters: &'static [&'static str],
}

const fn role(
    source: &'static str,
    service: &'static str,
    calls: &'static [&'static str],
    parameters: &'static [&'static str],
) -> Receiver {
    Receiver { source, service, kind: PassedKind::Role, calls, parameters }
}

const fn profile(
    source: &'static str,
    service: &'static str,
    calls: &'static [&'static str],
    parameters: &'static [&'static str],
) -> Receiver {
    Receiver { source, service, kind: PassedKind::InstanceProfile, calls, parameters }
}

/// The calls that receive a role.
pub const RECEIVERS: &[Receiver] = &[
    role(
        "airflow.amazonaws.com",
        "Managed Airflow",
        &["CreateEnvironment", "UpdateEnvironment"],
        &["executionRoleArn"],
    ),
    role("amplify.amazonaws.com", "Amplify", &["CreateApp", "UpdateApp"], &["iamServiceRoleArn", "computeRoleArn"]),
    role("amplify.amazonaws.com", "Amplify", &["CreateBranch", "UpdateBranch"], &["computeRoleArn"]),
    role("apigateway.amazonaws.com", "API Gateway", &["PutIntegration"], &["credentials"]),
    role(
        "apigateway.amazonaws.com",
        "API Gateway",
        &["CreateIntegration", "UpdateIntegration"],
        &["credentialsArn", "patchOperations.path=/credentials.value"],
    ),
    role(
        "apprunner.amazonaws.com",
        "App Runner",
        &["CreateService", "UpdateService"],
        &["instanceConfiguration.instanceRoleArn", "sourceConfiguration.authenticationConfiguration.accessRoleArn"],
    ),
    role(
        "appstream.amazonaws.com",
        "AppStream",
        &["CreateAppBlockBuilder", "CreateFleet", "CreateImageBuilder", "UpdateAppBlockBuilder", "UpdateFleet"],
        &["iamRoleArn"],
    ),
    role("appsync.amazonaws.com", "AppSync", &["CreateDataSource", "UpdateDataSource"], &["serviceRoleArn"]),
    role("athena.amazonaws.com", "Athena", &["CreateWorkGroup"], &["configuration.executionRole"]),
    role("athena.amazonaws.com", "Athena", &["UpdateWorkGroup"], &["configurationUpdates.executionRole"]),
    profile("autoscaling.amazonaws.com", "Auto Scaling", &["CreateLaunchConfiguration"], &["iamInstanceProfile"]),
    role(
        "autoscaling.amazonaws.com",
        "Auto Scaling",
        &["CreateAutoScalingGroup"],
        &["lifecycleHookSpecificationList.roleARN"],
    ),
    role("autoscaling.amazonaws.com", "Auto Scaling", &["PutLifecycleHook"], &["roleARN"]),
    role(
        "batch.amazonaws.com",
        "Batch",
        &["CreateComputeEnvironment"],
        &["serviceRole", "computeResources.spotIamFleetRole"],
    ),
    role("batch.amazonaws.com", "Batch", &["UpdateComputeEnvironment"], &["serviceRole"]),
    profile(
        "batch.amazonaws.com",
        "Batch",
        &["CreateComputeEnvironment", "UpdateComputeEnvironment"],
        &["computeResources.instanceRole"],
    ),
    role(
        "batch.amazonaws.com",
        "Batch",
        &["RegisterJobDefinition"],
        &[
            "containerProperties.jobRoleArn",
            "containerProperties.executionRoleArn",
            "ecsProperties.taskProperties.taskRoleArn",
            "ecsProperties.taskProperties.executionRoleArn",
            "nodeProperties.nodeRangeProperties.container.jobRoleArn",
            "nodeProperties.nodeRangeProperties.container.executionRoleArn",
            "nodeProperties.nodeRangeProperties.ecsProperties.taskProperties.taskRoleArn",
            "nodeProperties.nodeRangeProperties.ecsProperties.taskProperties.executionRoleArn",
        ],
    ),
    role("bedrock.amazonaws.com", "Bedrock", &["CreateAgent", "UpdateAgent"], &["agentResourceRoleArn"]),
    role("bedrock.amazonaws.com", "Bedrock", &["CreateFlow", "UpdateFlow"], &["executionRoleArn"]),
    role(
        "bedrock-agentcore.amazonaws.com",
        "Bedrock AgentCore",
        &["CreateAgentRuntime", "CreateGateway", "UpdateAgentRuntime", "UpdateGateway"],
        &["roleArn"],
    ),
    role(
        "bedrock-agentcore.amazonaws.com",
        "Bedrock AgentCore",
        &["CreateBrowser", "CreateCodeInterpreter", "CreateHarness", "UpdateHarness"],
        &["executionRoleArn"],
    ),
    role("braket.amazonaws.com", "Braket", &["CreateJob"], &["roleArn"]),
    role(
        "cloudcontrolapi.amazonaws.com",
        "Cloud Control",
        &["CreateResource", "DeleteResource", "UpdateResource"],
        &["roleArn"],
    ),
    role(
        "cloudformation.amazonaws.com",
        "CloudFormation",
        &["ContinueUpdateRollback", "CreateChangeSet", "CreateStack", "DeleteStack", "RollbackStack", "UpdateStack"],
        &["roleARN"],
    ),
    role(
        "cloudformation.amazonaws.com",
        "CloudFormation",
        &["CreateStackSet", "UpdateStackSet"],
        &["administrationRoleARN"],
    ),
    role("cloudformation.amazonaws.com", "CloudFormation", &["ActivateType", "RegisterType"], &["executionRoleArn"]),
    role(
        "codebuild.amazonaws.com",
        "CodeBuild",
        &["CreateProject", "UpdateProject"],
        &["serviceRole", "buildBatchConfig.serviceRole"],
    ),
    role("codebuild.amazonaws.com", "CodeBuild", &["StartBuild"], &["serviceRoleOverride"]),
    role(
        "codebuild.amazonaws.com",
        "CodeBuild",
        &["StartBuildBatch"],
        &["serviceRoleOverride", "buildBatchConfigOverride.serviceRole"],
    ),
    role(
        "codedeploy.amazonaws.com",
        "CodeDeploy",
        &["CreateDeploymentGroup", "UpdateDeploymentGroup"],
        &["serviceRoleArn"],
    ),
    role(
        "codepipeline.amazonaws.com",
        "CodePipeline",
        &["CreatePipeline", "UpdatePipeline"],
        &["pipeline.roleArn", "pipeline.stages.actions.roleArn"],
    ),
    role("codestar.amazonaws.com", "CodeStar", &["CreateProject"], &["toolchain.roleArn"]),
    role(
        "cognito-identity.amazonaws.com",
        "Cognito",
        &["SetIdentityPoolRoles"],
        &["roles.*", "roleMappings.*.rulesConfiguration.rules.roleARN"],
    ),
    role(
        "databrew.amazonaws.com",
        "DataBrew",
        &[
            "CreateProfileJob",
            "CreateProject",
            "CreateRecipeJob",
            "UpdateProfileJob",
            "UpdateProject",
            "UpdateRecipeJob",
        ],
        &["roleArn"],
    ),
    role(
        "datapipeline.amazonaws.com",
        "Data Pipeline",
        &["PutPipelineDefinition"],
        &["pipelineObjects.fields.key=role.stringValue"],
    ),
    profile(
        "datapipeline.amazonaws.com",
        "Data Pipeline",
        &["PutPipelineDefinition"],
        &["pipelineObjects.fields.key=resourceRole.stringValue"],
    ),
    profile(
        "ec2.amazonaws.com",
        "EC2",
        &["AssociateIamInstanceProfile", "ReplaceIamInstanceProfileAssociation", "RunInstances"],
        &["iamInstanceProfile.arn|name"],
    ),
    profile(
        "ec2.amazonaws.com",
        "EC2",
        &["RequestSpotInstances", "RunScheduledInstances"],
        &["launchSpecification.iamInstanceProfile.arn|name"],
    ),
    profile(
        "ec2.amazonaws.com",
        "EC2",
        &["CreateLaunchTemplate", "CreateLaunchTemplateVersion"],
        &["launchTemplateData.iamInstanceProfile.arn|name"],
    ),
    profile(
        "ec2.amazonaws.com",
        "EC2",
        &["RequestSpotFleet"],
        &["spotFleetRequestConfig.launchSpecifications.iamInstanceProfile.arn|name"],
    ),
    role("ec2.amazonaws.com", "EC2", &["RequestSpotFleet"], &["spotFleetRequestConfig.iamFleetRole"]),
    profile(
        "ec2.amazonaws.com",
        "EC2",
        &["CreateFleet", "ModifyFleet"],
        &["launchTemplateConfigs.overrides.iamInstanceProfile.arn|name"],
    ),
    role(
        "ecs.amazonaws.com",
        "ECS",
        &[
            "CreateExpressGatewayService",
            "RegisterDaemonTaskDefinition",
            "RegisterTaskDefinition",
            "UpdateExpressGatewayService",
        ],
        &["taskRoleArn", "executionRoleArn"],
    ),
    role("ecs.amazonaws.com", "ECS", &["CreateService"], &["role"]),
    role("ecs.amazonaws.com", "ECS", &["StartTask"], &["overrides.taskRoleArn", "overrides.executionRoleArn"]),
    role("eks.amazonaws.com", "EKS", &["CreateCluster"], &["roleArn", "computeConfig.nodeRoleArn"]),
    role("eks.amazonaws.com", "EKS", &["CreateNodegroup"], &["nodeRole"]),
    role("eks.amazonaws.com", "EKS", &["CreateFargateProfile"], &["podExecutionRoleArn"]),
    role(
        "eks.amazonaws.com",
        "EKS",
        &["CreateCapability", "CreatePodIdentityAssociation", "UpdateCapability", "UpdatePodIdentityAssociation"],
        &["roleArn"],
    ),
    role(
        "eks.amazonaws.com",
        "EKS",
        &["CreateAddon", "UpdateAddon"],
        &["serviceAccountRoleArn", "podIdentityAssociations.roleArn"],
    ),
    role(
        "elasticbeanstalk.amazonaws.com",
        "Elastic Beanstalk",
        &["CreateConfigurationTemplate", "CreateEnvironment", "UpdateConfigurationTemplate", "UpdateEnvironment"],
        &["optionSettings.optionName=ServiceRole.value"],
    ),
    profile(
        "elasticbeanstalk.amazonaws.com",
        "Elastic Beanstalk",
        &["CreateConfigurationTemplate", "CreateEnvironment", "UpdateConfigurationTemplate", "UpdateEnvironment"],
        &["optionSettings.optionName=IamInstanceProfile.value"],
    ),
    role(
        "elasticbeanstalk.amazonaws.com",
        "Elastic Beanstalk",
        &["AssociateEnvironmentOperationsRole", "CreateEnvironment"],
        &["operationsRole"],
    ),
    role(
        "elasticmapreduce.amazonaws.com",
        "EMR",
        &["RunJobFlow"],
        &["serviceRole", "autoScalingRole", "stepExecutionRoleArn"],
    ),
    profile("elasticmapreduce.amazonaws.com", "EMR", &["RunJobFlow"], &["jobFlowRole"]),
    role("elasticmapreduce.amazonaws.com", "EMR", &["CreateStudio"], &["serviceRole", "userRole"]),
    role(
        "elasticmapreduce.amazonaws.com",
        "EMR",
        &["StartNotebookExecution"],
        &["serviceRole", "executionEngine.executionRoleArn"],
    ),
    role("emr-containers.amazonaws.com", "EMR on EKS", &["CreateManagedEndpoint"], &["executionRoleArn"]),
    role("events.amazonaws.com", "EventBridge", &["PutRule"], &["roleArn"]),
    role("events.amazonaws.com", "EventBridge", &["PutTargets"], &["targets.roleArn"]),
    role(
        "fis.amazonaws.com",
        "Fault Injection Service",
        &["CreateExperimentTemplate", "UpdateExperimentTemplate"],
        &["roleArn"],
    ),
    role("gamelift.amazonaws.com", "GameLift", &["CreateFleet"], &["instanceRoleArn"]),
    role("gamelift.amazonaws.com", "GameLift", &["CreateContainerFleet"], &["fleetRoleArn"]),
    role("gamelift.amazonaws.com", "GameLift", &["CreateGameServerGroup", "UpdateGameServerGroup"], &["roleArn"]),
    role(
        "gamelift.amazonaws.com",
        "GameLift",
        &["CreateBuild", "CreateScript", "UpdateScript"],
        &["storageLocation.roleArn"],
    ),
    role("glue.amazonaws.com", "Glue", &["CreateDevEndpoint", "StartBlueprintRun"], &["roleArn"]),
    role(
        "glue.amazonaws.com",
        "Glue",
        &["CreateCrawler", "CreateJob", "CreateMLTransform", "CreateSession", "UpdateCrawler", "UpdateMLTransform"],
        &["role"],
    ),
    role("glue.amazonaws.com", "Glue", &["UpdateJob"], &["jobUpdate.role"]),
    profile(
        "imagebuilder.amazonaws.com",
        "Image Builder",
        &["CreateInfrastructureConfiguration", "UpdateInfrastructureConfiguration"],
        &["instanceProfileName"],
    ),
    role(
        "imagebuilder.amazonaws.com",
        "Image Builder",
        &["CreateImage", "CreateImagePipeline", "UpdateImagePipeline"],
        &["executionRole"],
    ),
    role("iot.amazonaws.com", "IoT", &["CreateRoleAlias", "UpdateRoleAlias"], &["roleArn"]),
    role(
        "iot.amazonaws.com",
        "IoT",
        &["CreateProvisioningTemplate", "UpdateProvisioningTemplate"],
        &["provisioningRoleArn"],
    ),
    role(
        "iot.amazonaws.com",
        "IoT",
        &["CreateTopicRule", "ReplaceTopicRule"],
        &["topicRulePayload.actions.*.roleArn", "topicRulePayload.errorAction.*.roleArn"],
    ),
    role("kafkaconnect.amazonaws.com", "MSK Connect", &["CreateConnector"], &["serviceExecutionRoleArn"]),
    role(
        "kinesisanalytics.amazonaws.com",
        "Managed Flink",
        &["CreateApplication"],
        &["serviceExecutionRole", "inputs.*.roleARN", "outputs.*.roleARN"],
    ),
    role("kinesisanalytics.amazonaws.com", "Managed Flink", &["UpdateApplication"], &["serviceExecutionRoleUpdate"]),
    // Not `CreateFunction*`: that would be `CreateFunctionUrlConfig` too.
    role(
        "lambda.amazonaws.com",
        "Lambda",
        &["CreateFunction", "CreateFunction2*", "UpdateFunctionConfiguration*"],
        &["role"],
    ),
    role("omics.amazonaws.com", "HealthOmics", &["StartRun"], &["roleArn"]),
    role("omics.amazonaws.com", "HealthOmics", &["StartRunBatch"], &["defaultRunSetting.roleArn"]),
    role(
        "pipes.amazonaws.com",
        "EventBridge Pipes",
        &["CreatePipe", "UpdatePipe"],
        &["roleArn", "targetParameters.ecsTaskParameters.overrides.taskRoleArn"],
    ),
    role("rds.amazonaws.com", "RDS", &["AddRoleToDBCluster", "AddRoleToDBInstance"], &["roleArn"]),
    role("redshift.amazonaws.com", "Redshift", &["CreateCluster", "RestoreFromClusterSnapshot"], &["iamRoles"]),
    role("redshift.amazonaws.com", "Redshift", &["ModifyClusterIamRoles"], &["addIamRoles"]),
    role(
        "sagemaker.amazonaws.com",
        "SageMaker",
        &[
            "CreateAutoMLJob",
            "CreateAutoMLJobV2",
            "CreateImage",
            "CreateNotebookInstance",
            "CreatePipeline",
            "CreateProcessingJob",
            "CreateTrainingJob",
            "UpdateNotebookInstance",
            "UpdatePipeline",
        ],
        &["roleArn"],
    ),
    role("sagemaker.amazonaws.com", "SageMaker", &["CreateModel"], &["executionRoleArn"]),
    role(
        "sagemaker.amazonaws.com",
        "SageMaker",
        &["CreateHyperParameterTuningJob"],
        &["trainingJobDefinition.roleArn", "trainingJobDefinitions.roleArn"],
    ),
    role(
        "sagemaker.amazonaws.com",
        "SageMaker",
        &["CreateDomain", "UpdateDomain"],
        &["defaultUserSettings.executionRole"],
    ),
    role(
        "sagemaker.amazonaws.com",
        "SageMaker",
        &["CreateUserProfile", "UpdateUserProfile"],
        &["userSettings.executionRole"],
    ),
    role(
        "sagemaker.amazonaws.com",
        "SageMaker",
        &["CreateCluster", "UpdateCluster"],
        &["instanceGroups.executionRole", "clusterRole"],
    ),
    role(
        "scheduler.amazonaws.com",
        "EventBridge Scheduler",
        &["CreateSchedule", "UpdateSchedule"],
        &["target.roleArn"],
    ),
    role("ssm.amazonaws.com", "Systems Manager", &["CreateActivation", "UpdateManagedInstanceRole"], &["iamRole"]),
    role(
        "ssm.amazonaws.com",
        "Systems Manager",
        &["CreateAssociation", "StartAutomationExecution"],
        &["parameters.AutomationAssumeRole"],
    ),
    role(
        "ssm.amazonaws.com",
        "Systems Manager",
        &["RegisterTaskWithMaintenanceWindow", "UpdateMaintenanceWindowTask"],
        &["serviceRoleArn", "taskInvocationParameters.runCommand.serviceRoleArn"],
    ),
    role("ssm.amazonaws.com", "Systems Manager", &["SendCommand"], &["serviceRoleArn"]),
    role(
        "states.amazonaws.com",
        "Step Functions",
        &["CreateStateMachine", "TestState", "UpdateStateMachine"],
        &["roleArn"],
    ),
    role("synthetics.amazonaws.com", "Synthetics", &["CreateCanary", "UpdateCanary"], &["executionRoleArn"]),
    role(
        "transfer.amazonaws.com",
        "Transfer Family",
        &["CreateAccess", "CreateUser", "UpdateAccess", "UpdateUser"],
        &["role"],
    ),
];

/// Calls that receive a role and are the daily work of an account, thousands of them: no detection waits for them.
pub const BUSY_RECEIVERS: &[Receiver] = &[
    role("athena.amazonaws.com", "Athena", &["StartSession"], &["executionRole"]),
    role("ecs.amazonaws.com", "ECS", &["RunTask"], &["overrides.taskRoleArn", "overrides.executionRoleArn"]),
    role("elasticmapreduce.amazonaws.com", "EMR", &["AddJobFlowSteps"], &["executionRoleArn"]),
    role("emr-containers.amazonaws.com", "EMR on EKS", &["StartJobRun"], &["executionRoleArn"]),
    role("emr-serverless.amazonaws.com", "EMR Serverless", &["StartJobRun", "StartSession"], &["executionRoleArn"]),
];

impl Event {
    /// The roles that this call hands to a service, each parameter once. Empty for a call that receives none.
    #[must_use]
    pub fn passed_roles(&self) -> Vec<Passed<'_>> {
        let Some(Value::Object(parameters)) = self.record.get("requestParameters") else { return Vec::new() };
        let mut passed = Vec::new();
        let receivers = RECEIVERS.iter().chain(BUSY_RECEIVERS);
        for receiver in receivers.filter(|receiver| receiver.source == self.source && receiver.takes(&self.name)) {
            let Receiver { kind, service, .. } = *receiver;
            for parameter in receiver.parameters {
                let mut found = Vec::new();
                for parameters in wrapped(parameters) {
                    collect(parameters, parameter, &mut found);
                }
                for role in found.into_iter().filter(|text| is_role(text)) {
                    let one = Passed { role, kind, parameter, service };
                    if !passed.contains(&one) {
                        passed.push(one);
                    }
                }
            }
        }
        passed
    }
}

impl Receiver {
    fn takes(&self, name: &str) -> bool {
        self.calls.iter().any(|call| match call.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => *call == name,
        })
    }
}

impl<'a> Passed<'a> {
    /// The account in the ARN. A name is of the account itself.
    #[must_use]
    pub fn account(&self) -> Option<&'a str> {
        self.role.strip_prefix("arn:")?.split(':').nth(3)
    }

    /// The name without ARN and path.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.role.rsplit('/').next().unwrap_or(self.role)
    }
}

/// The parameters, and those one level deeper: EC2's newer calls are logged as `{"CreateLaunchTemplateRequest": {…}}`, API
/// Gateway's as `{"putIntegrationInput": {…}}`.
fn wrapped(parameters: &Map<String, Value>) -> impl Iterator<Item = &Map<String, Value>> {
    let inner = parameters.iter().filter(|(key, _)| key.ends_with("Request") || key.ends_with("Input"));
    std::iter::once(parameters).chain(inner.filter_map(|(_, value)| value.as_object()))
}

fn collect<'a>(map: &'a Map<String, Value>, path: &str, found: &mut Vec<&'a str>) {
    let (step, rest) = path.split_once('.').unwrap_or((path, ""));
    if let Some((key, wanted)) = step.split_once('=') {
        if map.iter().any(|(known, value)| known.eq_ignore_ascii_case(key) && value == wanted) {
            collect(map, rest, found);
        }
        return;
    }
    let named = |key: &str| step == "*" || step.split('|').any(|step| key.eq_ignore_ascii_case(step));
    for (_, value) in map.iter().filter(|(key, _)| named(key)) {
        descend(value, rest, found);
    }
}

fn descend<'a>(value: &'a Value, path: &str, found: &mut Vec<&'a str>) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| descend(value, path, found)),
        // How lists of EC2 are logged.
        Value::Object(map) if map.len() == 1 && map.contains_key("items") => {
            map.values().for_each(|value| descend(value, path, found));
        }
        Value::Object(map) if !path.is_empty() => collect(map, path, found),
        Value::String(_) if path.is_empty() => found.extend(text(Some(value))),
        _ => {}
    }
}

/// An ARN of IAM, or a name. API Gateway takes an ARN with a star for "as the caller", documents take `{{ parameter }}`.
fn is_role(text: &str) -> bool {
    match text.strip_prefix("arn:") {
        Some(arn) => arn.contains(":role/") || arn.contains(":instance-profile/"),
        None => text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-/".contains(&byte)),
    }
}
