//! The actions that the escalation paths and the exposures are made of, and what each works on.

/// One action, the kind of resource it works on, and whether it matters which one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Action {
    pub(super) name: &'static str,
    /// The service segment of its resource's ARN.
    pub(super) service: &'static str,
    /// How the last segment of that ARN begins; empty for any resource of the service.
    pub(super) resource: &'static str,
    pub(super) choice: Choice,
}

/// What it means that an action is allowed on some resources only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// Nothing: whoever makes something new, or brings the work along, names it to fit.
    Free,
    /// It depends on how strong the named ones are.
    Named,
    /// As `Named`, and oneself is enough: `user/${aws:username}` is the whole way up.
    OwnUser,
    /// As `Named`, and oneself is no gain: users may well replace their own key or password.
    OtherUser,
    /// As `Named`, and one of [`COMMANDING`] is as good as any.
    Document,
}

const fn action(name: &'static str, service: &'static str, resource: &'static str, choice: Choice) -> Action {
    Action { name, service, resource, choice }
}

/// In the order of their names, without regard to case: patterns are looked up by their beginning.
#[rustfmt::skip]
pub(super) static ACTIONS: &[Action] = &[
    action("apprunner:CreateService", "apprunner", "", Choice::Free),
    action("apprunner:UpdateService", "apprunner", "service/", Choice::Named),
    action("autoscaling:CreateAutoScalingGroup", "autoscaling", "", Choice::Free),
    action("autoscaling:CreateLaunchConfiguration", "autoscaling", "", Choice::Free),
    action("autoscaling:UpdateAutoScalingGroup", "autoscaling", "", Choice::Free),
    action("batch:RegisterJobDefinition", "batch", "", Choice::Free),
    action("batch:SubmitJob", "batch", "job-definition/", Choice::Named),
    action("bedrock-agentcore:ConnectBrowserAutomationStream", "bedrock-agentcore", "", Choice::Free),
    action("bedrock-agentcore:CreateAgentRuntime", "bedrock-agentcore", "", Choice::Free),
    action("bedrock-agentcore:CreateAgentRuntimeEndpoint", "bedrock-agentcore", "", Choice::Free),
    action("bedrock-agentcore:CreateBrowser", "bedrock-agentcore", "", Choice::Free),
    action("bedrock-agentcore:CreateCodeInterpreter", "bedrock-agentcore", "", Choice::Free),
    action("bedrock-agentcore:CreateHarness", "bedrock-agentcore", "", Choice::Free),
    action("bedrock-agentcore:CreateWorkloadIdentity", "bedrock-agentcore", "", Choice::Free),
    action("bedrock-agentcore:GetAgentRuntime", "bedrock-agentcore", "", Choice::Free),
    action("bedrock-agentcore:InvokeAgentRuntimeCommand", "bedrock-agentcore", "runtime/", Choice::Named),
    action("bedrock-agentcore:InvokeCodeInterpreter", "bedrock-agentcore", "", Choice::Free),
    action("bedrock-agentcore:StartBrowserSession", "bedrock-agentcore", "browser-custom/", Choice::Named),
    action("bedrock-agentcore:StartCodeInterpreterSession", "bedrock-agentcore", "code-interpreter-custom/", Choice::Named),
    action("braket:CreateJob", "braket", "", Choice::Free),
    action("cloudformation:CreateChangeSet", "cloudformation", "stack/", Choice::Named),
    action("cloudformation:CreateStack", "cloudformation", "stack/", Choice::Free),
    action("cloudformation:CreateStackInstances", "cloudformation", "stackset", Choice::Free),
    action("cloudformation:CreateStackSet", "cloudformation", "stackset", Choice::Free),
    action("cloudformation:ExecuteChangeSet", "cloudformation", "stack/", Choice::Named),
    action("cloudformation:UpdateStack", "cloudformation", "stack/", Choice::Named),
    action("cloudformation:UpdateStackSet", "cloudformation", "stackset/", Choice::Named),
    action("codebuild:CreateProject", "codebuild", "project/", Choice::Free),
    action("codebuild:StartBuild", "codebuild", "project/", Choice::Named),
    action("codebuild:StartBuildBatch", "codebuild", "project/", Choice::Named),
    action("codedeploy:CreateDeployment", "codedeploy", "deploymentgroup:", Choice::Named),
    action("codedeploy:GetDeploymentConfig", "codedeploy", "", Choice::Free),
    action("codedeploy:RegisterApplicationRevision", "codedeploy", "", Choice::Free),
    action("codestar:AssociateTeamMember", "codestar", "", Choice::Free),
    action("codestar:CreateProject", "codestar", "", Choice::Free),
    action("codestar:CreateProjectFromTemplate", "codestar", "", Choice::Free),
    action("cognito-identity:SetIdentityPoolRoles", "cognito-identity", "", Choice::Free),
    action("datapipeline:ActivatePipeline", "datapipeline", "", Choice::Free),
    action("datapipeline:CreatePipeline", "datapipeline", "", Choice::Free),
    action("datapipeline:PutPipelineDefinition", "datapipeline", "", Choice::Free),
    action("dynamodb:CreateTable", "dynamodb", "table/", Choice::Free),
    action("dynamodb:PutItem", "dynamodb", "table/", Choice::Free),
    action("ec2-instance-connect:SendSSHPublicKey", "ec2", "instance/", Choice::Named),
    action("ec2:CreateLaunchTemplate", "ec2", "", Choice::Free),
    action("ec2:CreateLaunchTemplateVersion", "ec2", "launch-template/", Choice::Named),
    action("ec2:DescribeInstances", "", "", Choice::Free),
    action("ec2:ModifyInstanceAttribute", "ec2", "instance/", Choice::Named),
    action("ec2:ModifyLaunchTemplate", "ec2", "launch-template/", Choice::Named),
    action("ec2:RequestSpotInstances", "ec2", "", Choice::Free),
    action("ec2:RunInstances", "ec2", "instance/", Choice::Free),
    action("ec2:StartInstances", "ec2", "instance/", Choice::Free),
    action("ec2:StopInstances", "ec2", "instance/", Choice::Free),
    action("ecs:CreateCluster", "ecs", "", Choice::Free),
    action("ecs:CreateService", "ecs", "", Choice::Free),
    action("ecs:DeregisterContainerInstance", "ecs", "", Choice::Free),
    action("ecs:DescribeTasks", "ecs", "task/", Choice::Free),
    action("ecs:ExecuteCommand", "ecs", "task/", Choice::Named),
    action("ecs:RegisterContainerInstance", "ecs", "", Choice::Free),
    action("ecs:RegisterTaskDefinition", "ecs", "", Choice::Free),
    action("ecs:RunTask", "ecs", "", Choice::Free),
    action("ecs:StartTask", "ecs", "", Choice::Free),
    action("elasticmapreduce:RunJobFlow", "elasticmapreduce", "", Choice::Free),
    action("emr-serverless:CreateApplication", "emr-serverless", "", Choice::Free),
    action("emr-serverless:StartJobRun", "emr-serverless", "", Choice::Free),
    action("gamelift:CreateBuild", "gamelift", "", Choice::Free),
    action("gamelift:CreateFleet", "gamelift", "", Choice::Free),
    action("gamelift:RequestUploadCredentials", "gamelift", "", Choice::Free),
    action("glue:CreateDevEndpoint", "glue", "", Choice::Free),
    action("glue:CreateJob", "glue", "", Choice::Free),
    action("glue:CreateSession", "glue", "", Choice::Free),
    action("glue:CreateTrigger", "glue", "", Choice::Free),
    action("glue:RunStatement", "glue", "", Choice::Free),
    action("glue:StartJobRun", "glue", "", Choice::Free),
    action("glue:UpdateDevEndpoint", "glue", "devEndpoint/", Choice::Named),
    action("glue:UpdateJob", "glue", "", Choice::Free),
    action("iam:AddUserToGroup", "iam", "group/", Choice::Named),
    action("iam:AttachGroupPolicy", "iam", "group/", Choice::Named),
    action("iam:AttachRolePolicy", "iam", "role/", Choice::Named),
    action("iam:AttachUserPolicy", "iam", "user/", Choice::OwnUser),
    action("iam:CreateAccessKey", "iam", "user/", Choice::OtherUser),
    action("iam:CreateLoginProfile", "iam", "user/", Choice::OtherUser),
    action("iam:CreatePolicyVersion", "iam", "policy/", Choice::Named),
    action("iam:DeleteAccessKey", "iam", "user/", Choice::OtherUser),
    action("iam:DeleteRolePermissionsBoundary", "iam", "role/", Choice::Named),
    action("iam:DeleteRolePolicy", "iam", "role/", Choice::Named),
    action("iam:DeleteUserPermissionsBoundary", "iam", "user/", Choice::OwnUser),
    action("iam:DeleteUserPolicy", "iam", "user/", Choice::OwnUser),
    action("iam:DetachRolePolicy", "iam", "role/", Choice::Named),
    action("iam:DetachUserPolicy", "iam", "user/", Choice::OwnUser),
    action("iam:PassRole", "iam", "role/", Choice::Named),
    action("iam:PutGroupPolicy", "iam", "group/", Choice::Named),
    action("iam:PutRolePermissionsBoundary", "iam", "role/", Choice::Named),
    action("iam:PutRolePolicy", "iam", "role/", Choice::Named),
    action("iam:PutUserPermissionsBoundary", "iam", "user/", Choice::OwnUser),
    action("iam:PutUserPolicy", "iam", "user/", Choice::OwnUser),
    action("iam:SetDefaultPolicyVersion", "iam", "policy/", Choice::Named),
    action("iam:UpdateAssumeRolePolicy", "iam", "role/", Choice::Named),
    action("iam:UpdateLoginProfile", "iam", "user/", Choice::OtherUser),
    action("imagebuilder:CreateComponent", "imagebuilder", "", Choice::Free),
    action("imagebuilder:CreateImage", "imagebuilder", "", Choice::Free),
    action("imagebuilder:CreateImageRecipe", "imagebuilder", "", Choice::Free),
    action("imagebuilder:CreateInfrastructureConfiguration", "imagebuilder", "", Choice::Free),
    action("kinesisanalytics:CreateApplication", "kinesisanalytics", "", Choice::Free),
    action("kinesisanalytics:StartApplication", "kinesisanalytics", "", Choice::Free),
    action("kms:Decrypt", "kms", "key/", Choice::Named),
    action("lambda:AddPermission", "lambda", "function:", Choice::Free),
    action("lambda:CreateEventSourceMapping", "lambda", "", Choice::Free),
    action("lambda:CreateFunction", "lambda", "function:", Choice::Free),
    action("lambda:InvokeFunction", "lambda", "function:", Choice::Free),
    action("lambda:UpdateFunctionCode", "lambda", "function:", Choice::Named),
    action("lambda:UpdateFunctionConfiguration", "lambda", "function:", Choice::Named),
    action("omics:CreateWorkflow", "omics", "", Choice::Free),
    action("omics:StartRun", "omics", "", Choice::Free),
    action("s3:GetObject", "s3", "", Choice::Named),
    action("sagemaker:CreateNotebookInstance", "sagemaker", "", Choice::Free),
    action("sagemaker:CreateNotebookInstanceLifecycleConfig", "sagemaker", "", Choice::Free),
    action("sagemaker:CreatePresignedNotebookInstanceUrl", "sagemaker", "notebook-instance/", Choice::Named),
    action("sagemaker:CreateProcessingJob", "sagemaker", "", Choice::Free),
    action("sagemaker:CreateTrainingJob", "sagemaker", "", Choice::Free),
    action("sagemaker:StartNotebookInstance", "sagemaker", "", Choice::Free),
    action("sagemaker:StopNotebookInstance", "sagemaker", "", Choice::Free),
    action("sagemaker:UpdateNotebookInstance", "sagemaker", "notebook-instance/", Choice::Named),
    action("scheduler:CreateSchedule", "scheduler", "", Choice::Free),
    action("secretsmanager:GetSecretValue", "secretsmanager", "secret:", Choice::Named),
    action("ssm:CreateDocument", "ssm", "document/", Choice::Free),
    action("ssm:GetParameter", "ssm", "parameter/", Choice::Named),
    action("ssm:GetParameters", "ssm", "parameter/", Choice::Named),
    action("ssm:GetParametersByPath", "ssm", "parameter/", Choice::Named),
    action("ssm:SendCommand", "ec2", "instance/", Choice::Named),
    action("ssm:StartAutomationExecution", "ssm", "automation-", Choice::Free),
    action("ssm:StartSession", "ec2", "instance/", Choice::Named),
    action("sso:AttachManagedPolicyToPermissionSet", "sso", "permissionSet/", Choice::Named),
    action("sso:CreateAccountAssignment", "sso", "permissionSet/", Choice::Named),
    action("sso:CreatePermissionSet", "sso", "instance/", Choice::Free),
    action("sso:PutInlinePolicyToPermissionSet", "sso", "permissionSet/", Choice::Named),
    action("states:CreateStateMachine", "states", "", Choice::Free),
    action("states:StartExecution", "states", "", Choice::Free),
    action("states:UpdateStateMachine", "states", "stateMachine:", Choice::Named),
    action("sts:AssumeRole", "iam", "role/", Choice::Named),];

/// Other kinds of resource that an action of the table works on as well.
pub(super) static OTHER_KINDS: [Action; 3] = [
    action("ssm:SendCommand", "ssm", "managed-instance/", Choice::Named),
    action("ssm:StartSession", "ssm", "managed-instance/", Choice::Named),
    // How `ecs:ExecuteCommand` gets in, and it can be called without it.
    action("ssm:StartSession", "ecs", "task/", Choice::Named),
];

/// What an action of the table must be allowed on besides: a command is sent to a machine by a document.
pub(super) static BESIDES: [Action; 1] = [action("ssm:SendCommand", "ssm", "document/", Choice::Document)];

/// AWS's own documents that run what the caller says.
pub(super) static COMMANDING: [&str; 4] =
    ["AWS-RunShellScript", "AWS-RunPowerShellScript", "AWS-RunRemoteScript", "AWS-RunDocument"];

/// Orders names as the table does.
pub(super) fn compare(a: &str, b: &str) -> std::cmp::Ordering {
    let differ = a.bytes().zip(b.bytes()).find(|(a, b)| !a.eq_ignore_ascii_case(b));
    differ.map_or(a.len().cmp(&b.len()), |(a, b)| a.to_ascii_lowercase().cmp(&b.to_ascii_lowercase()))
}

/// The place of an action in the table.
pub(super) fn place(name: &str) -> Option<usize> {
    ACTIONS.binary_search_by(|action| compare(action.name, name)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_every_action_is_found() {
        assert!(ACTIONS.is_sorted_by(|a, b| compare(a.name, b.name).is_lt()));
        for (index, action) in ACTIONS.iter().enumerate() {
            assert_eq!(place(&action.name.to_uppercase()), Some(index), "{}", action.name);
        }
    }
}
