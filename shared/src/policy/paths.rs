//! The known ways from few rights to all of them: what each needs, and which of them a document opens.

use std::fmt::Write as _;
use std::sync::LazyLock;

use super::actions::{ACTIONS, Choice, place};
use super::reach::{Allowed, Certainty, Reach};
use super::wildcard::contains;
use super::{Document, Effect, Scope, Statement, some};

/// One way to more rights.
#[derive(Debug, PartialEq, Eq)]
pub struct Path {
    /// `PE-087`: the same in every alert, report and document.
    pub reference: &'static str,
    pub kind: Kind,
    /// As the end of a sentence that begins with "its holder can".
    pub name: &'static str,
    /// All of them are needed.
    pub actions: &'static [&'static str],
    /// The services that a role may be passed to on this way: any one of them will do.
    pub services: &'static [&'static str],
}

impl Path {
    /// Whether it leads up by changing rights or taking credentials, not by running something with a role.
    #[must_use]
    pub fn is_by_rights(&self) -> bool {
        matches!(self.kind, Kind::Own | Kind::Another)
    }
}

/// Where a path leads, the shortest way first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// One's own rights grow.
    Own,
    /// One acts as another user or role.
    Another,
    /// One starts something new that runs with a role.
    NewWork,
    /// One takes over something that runs with a role.
    ExistingWork,
}

/// A path that a document opens, and what opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way<'a> {
    pub path: &'static Path,
    /// One for each action of the path, in its order.
    pub permissions: Vec<Allowed<'a>>,
}

/// What a document opens to its holder that is no path, and yet more than most should have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposed<'a> {
    pub what: Exposure,
    /// The statement that does.
    pub by: &'a Statement,
    pub certainty: Certainty,
    /// The action, or the patterns of the services, as in `ec2:*`.
    pub action: String,
}

/// All that a document opens short of a [`Privilege`](super::Privilege).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opens<'a> {
    /// The worst first.
    pub ways: Vec<Way<'a>>,
    /// The worst first.
    pub exposed: Vec<Exposed<'a>>,
    /// It is so full of wildcards that it could not be judged to the end. IAM takes no such document.
    pub tangled: bool,
}

/// A kind of exposure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exposure {
    /// Any role may be passed to any service.
    PassAnyRole,
    Secrets,
    Parameters,
    Objects,
    Decryption,
    /// Every action of a service on every resource.
    WholeService,
}

impl Exposure {
    /// The worst first.
    pub const ALL: [Self; 6] =
        [Self::PassAnyRole, Self::Secrets, Self::Parameters, Self::Objects, Self::Decryption, Self::WholeService];

    /// A word for programs.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::PassAnyRole => "pass-any-role",
            Self::Secrets => "secrets",
            Self::Parameters => "parameters",
            Self::Objects => "objects",
            Self::Decryption => "decryption",
            Self::WholeService => "whole-service",
        }
    }

    /// As the end of a sentence that begins with "its holder can".
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::PassAnyRole => "pass any role to any service",
            Self::Secrets => "read every secret",
            Self::Parameters => "read every parameter",
            Self::Objects => "read every object in every bucket",
            Self::Decryption => "decrypt with every key",
            Self::WholeService => "do everything in whole services",
        }
    }
}

const fn path(
    reference: &'static str,
    kind: Kind,
    name: &'static str,
    actions: &'static [&'static str],
    services: &'static [&'static str],
) -> Path {
    Path { reference, kind, name, actions, services }
}

/// All of them. `PE-001` has no list of actions: it is a [`Privilege`](super::Privilege).
#[rustfmt::skip]
pub static PATHS: &[Path] = &[
    path("PE-001", Kind::Own, "hold every right of IAM", &[], &[]),
    path("PE-002", Kind::Own, "add oneself to a stronger group", &["iam:AddUserToGroup"], &[]),
    path("PE-003", Kind::Own, "attach a stronger policy to one's own group", &["iam:AttachGroupPolicy"], &[]),
    path("PE-004", Kind::Own, "attach a stronger policy to one's own role", &["iam:AttachRolePolicy"], &[]),
    path("PE-005", Kind::Own, "attach a stronger policy to oneself", &["iam:AttachUserPolicy"], &[]),
    path("PE-006", Kind::Own, "rewrite a policy that one holds", &["iam:CreatePolicyVersion"], &[]),
    path("PE-007", Kind::Own, "take the permissions boundary off one's own role", &["iam:DeleteRolePermissionsBoundary"], &[]),
    path("PE-008", Kind::Own, "delete the inline policy that holds one's own role back", &["iam:DeleteRolePolicy"], &[]),
    path("PE-009", Kind::Own, "take one's own permissions boundary off", &["iam:DeleteUserPermissionsBoundary"], &[]),
    path("PE-010", Kind::Own, "delete the inline policy that holds one back", &["iam:DeleteUserPolicy"], &[]),
    path("PE-011", Kind::Own, "detach the policy that holds one's own role back", &["iam:DetachRolePolicy"], &[]),
    path("PE-012", Kind::Own, "detach the policy that holds one back", &["iam:DetachUserPolicy"], &[]),
    path("PE-013", Kind::Own, "write any inline policy and any boundary", &["iam:PutUserPolicy", "iam:PutRolePolicy", "iam:PutGroupPolicy", "iam:PutUserPermissionsBoundary", "iam:PutRolePermissionsBoundary"], &[]),
    path("PE-014", Kind::Own, "write an inline policy into one's own group", &["iam:PutGroupPolicy"], &[]),
    path("PE-015", Kind::Own, "loosen the permissions boundary of one's own role", &["iam:PutRolePermissionsBoundary"], &[]),
    path("PE-016", Kind::Own, "write an inline policy into one's own role", &["iam:PutRolePolicy"], &[]),
    path("PE-017", Kind::Own, "loosen one's own permissions boundary", &["iam:PutUserPermissionsBoundary"], &[]),
    path("PE-018", Kind::Own, "write an inline policy into oneself", &["iam:PutUserPolicy"], &[]),
    path("PE-019", Kind::Own, "switch a policy that one holds to a stronger version", &["iam:SetDefaultPolicyVersion"], &[]),
    path("PE-020", Kind::Another, "strengthen a role and let oneself into it", &["iam:AttachRolePolicy", "iam:UpdateAssumeRolePolicy"], &[]),
    path("PE-021", Kind::Another, "strengthen a role that one may assume", &["iam:AttachRolePolicy", "sts:AssumeRole"], &[]),
    path("PE-022", Kind::Another, "strengthen a user and make a key for it", &["iam:AttachUserPolicy", "iam:CreateAccessKey"], &[]),
    path("PE-023", Kind::Another, "make an access key for another user", &["iam:CreateAccessKey"], &[]),
    path("PE-024", Kind::Another, "replace an access key of another user", &["iam:CreateAccessKey", "iam:DeleteAccessKey"], &[]),
    path("PE-025", Kind::Another, "give another user a console password", &["iam:CreateLoginProfile"], &[]),
    path("PE-026", Kind::Another, "rewrite a role's policy and let oneself into the role", &["iam:CreatePolicyVersion", "iam:UpdateAssumeRolePolicy"], &[]),
    path("PE-027", Kind::Another, "rewrite the policy of a role that one may assume", &["iam:CreatePolicyVersion", "sts:AssumeRole"], &[]),
    path("PE-028", Kind::Another, "take the boundary off a role that one may assume", &["iam:DeleteRolePermissionsBoundary", "sts:AssumeRole"], &[]),
    path("PE-029", Kind::Another, "write a role's inline policy and let oneself into the role", &["iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy"], &[]),
    path("PE-030", Kind::Another, "write the inline policy of a role that one may assume", &["iam:PutRolePolicy", "sts:AssumeRole"], &[]),
    path("PE-031", Kind::Another, "write a user's inline policy and make a key for the user", &["iam:PutUserPolicy", "iam:CreateAccessKey"], &[]),
    path("PE-032", Kind::Another, "rewrite who may assume a role", &["iam:UpdateAssumeRolePolicy"], &[]),
    path("PE-033", Kind::Another, "let oneself into a role and assume it", &["iam:UpdateAssumeRolePolicy", "sts:AssumeRole"], &[]),
    path("PE-034", Kind::Another, "change another user's console password", &["iam:UpdateLoginProfile"], &[]),
    path("PE-035", Kind::Another, "attach a stronger policy to a permission set", &["sso:AttachManagedPolicyToPermissionSet"], &[]),
    path("PE-036", Kind::Another, "make a strong permission set and assign it to oneself", &["sso:AttachManagedPolicyToPermissionSet", "sso:CreateAccountAssignment", "sso:CreatePermissionSet"], &[]),
    path("PE-037", Kind::Another, "write the inline policy of a permission set", &["sso:PutInlinePolicyToPermissionSet"], &[]),
    path("PE-038", Kind::Another, "assume any role that trusts the account", &["sts:AssumeRole"], &[]),
    path("PE-039", Kind::NewWork, "start machines with a strong role by a launch configuration", &["iam:PassRole", "autoscaling:CreateAutoScalingGroup", "autoscaling:CreateLaunchConfiguration"], &["ec2.amazonaws.com"]),
    path("PE-040", Kind::NewWork, "move a scaling group to a launch configuration with a strong role", &["iam:PassRole", "autoscaling:CreateLaunchConfiguration", "autoscaling:UpdateAutoScalingGroup"], &["ec2.amazonaws.com"]),
    path("PE-041", Kind::NewWork, "run a batch job with a strong role", &["iam:PassRole", "batch:RegisterJobDefinition", "batch:SubmitJob"], &["ecs-tasks.amazonaws.com"]),
    path("PE-042", Kind::NewWork, "drive a new AgentCore browser with a strong role", &["iam:PassRole", "bedrock-agentcore:ConnectBrowserAutomationStream", "bedrock-agentcore:CreateBrowser", "bedrock-agentcore:StartBrowserSession"], &["bedrock-agentcore.amazonaws.com"]),
    path("PE-043", Kind::NewWork, "run commands in a new AgentCore harness with a strong role", &["iam:PassRole", "bedrock-agentcore:CreateAgentRuntime", "bedrock-agentcore:CreateAgentRuntimeEndpoint", "bedrock-agentcore:CreateHarness", "bedrock-agentcore:CreateWorkloadIdentity", "bedrock-agentcore:GetAgentRuntime", "bedrock-agentcore:InvokeAgentRuntimeCommand"], &["bedrock-agentcore.amazonaws.com"]),
    path("PE-044", Kind::NewWork, "run commands in a new AgentCore runtime with a strong role", &["iam:PassRole", "bedrock-agentcore:CreateAgentRuntime", "bedrock-agentcore:CreateAgentRuntimeEndpoint", "bedrock-agentcore:CreateWorkloadIdentity", "bedrock-agentcore:InvokeAgentRuntimeCommand"], &["bedrock-agentcore.amazonaws.com"]),
    path("PE-045", Kind::NewWork, "run a Braket job with a strong role", &["iam:PassRole", "braket:CreateJob"], &["braket.amazonaws.com"]),
    path("PE-046", Kind::NewWork, "change a stack whose role is strong, by a change set", &["cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet"], &[]),
    path("PE-047", Kind::NewWork, "make a CodeStar project with a strong role", &["iam:PassRole", "codestar:CreateProject"], &["codestar.amazonaws.com"]),
    path("PE-048", Kind::NewWork, "give an identity pool a strong role", &["iam:PassRole", "cognito-identity:SetIdentityPoolRoles"], &["cognito-identity.amazonaws.com"]),
    path("PE-049", Kind::NewWork, "register a machine and run a task on it with a strong role", &["iam:PassRole", "ecs:DeregisterContainerInstance", "ecs:RegisterContainerInstance", "ecs:StartTask"], &["ecs-tasks.amazonaws.com"]),
    path("PE-050", Kind::NewWork, "run a container with a strong role in place of its own", &["iam:PassRole", "ecs:RunTask"], &["ecs-tasks.amazonaws.com"]),
    path("PE-051", Kind::NewWork, "start a container with a strong role in place of its own", &["iam:PassRole", "ecs:StartTask"], &["ecs-tasks.amazonaws.com"]),
    path("PE-052", Kind::NewWork, "run an EMR cluster with a strong role", &["iam:PassRole", "elasticmapreduce:RunJobFlow"], &["elasticmapreduce.amazonaws.com", "ec2.amazonaws.com"]),
    path("PE-053", Kind::NewWork, "run an EMR Serverless job with a strong role", &["iam:PassRole", "emr-serverless:CreateApplication", "emr-serverless:StartJobRun"], &["emr-serverless.amazonaws.com"]),
    path("PE-054", Kind::NewWork, "run a GameLift fleet with a strong role", &["iam:PassRole", "gamelift:CreateBuild", "gamelift:CreateFleet", "gamelift:RequestUploadCredentials"], &["gamelift.amazonaws.com"]),
    path("PE-055", Kind::NewWork, "run statements in a Glue session with a strong role", &["iam:PassRole", "glue:CreateSession", "glue:RunStatement"], &["glue.amazonaws.com"]),
    path("PE-056", Kind::NewWork, "run an App Runner service with a strong role", &["iam:PassRole", "apprunner:CreateService"], &["tasks.apprunner.amazonaws.com"]),
    path("PE-057", Kind::NewWork, "start machines with a strong role by a launch template", &["iam:PassRole", "autoscaling:CreateAutoScalingGroup", "ec2:CreateLaunchTemplate"], &["ec2.amazonaws.com"]),
    path("PE-058", Kind::NewWork, "run code in a new AgentCore interpreter with a strong role", &["iam:PassRole", "bedrock-agentcore:CreateCodeInterpreter", "bedrock-agentcore:InvokeCodeInterpreter"], &["bedrock-agentcore.amazonaws.com"]),
    path("PE-059", Kind::NewWork, "run code in a session of a new AgentCore interpreter with a strong role", &["iam:PassRole", "bedrock-agentcore:CreateCodeInterpreter", "bedrock-agentcore:StartCodeInterpreterSession", "bedrock-agentcore:InvokeCodeInterpreter"], &["bedrock-agentcore.amazonaws.com"]),
    path("PE-060", Kind::NewWork, "make a stack with a strong role", &["iam:PassRole", "cloudformation:CreateStack"], &["cloudformation.amazonaws.com"]),
    path("PE-061", Kind::NewWork, "make stacks in many accounts with a strong role", &["iam:PassRole", "cloudformation:CreateStackSet", "cloudformation:CreateStackInstances"], &["cloudformation.amazonaws.com"]),
    path("PE-062", Kind::NewWork, "change stacks in many accounts with a strong role", &["iam:PassRole", "cloudformation:UpdateStackSet"], &["cloudformation.amazonaws.com"]),
    path("PE-063", Kind::NewWork, "build with a strong role", &["iam:PassRole", "codebuild:CreateProject", "codebuild:StartBuild"], &["codebuild.amazonaws.com"]),
    path("PE-064", Kind::NewWork, "build in batches with a strong role", &["iam:PassRole", "codebuild:CreateProject", "codebuild:StartBuildBatch"], &["codebuild.amazonaws.com"]),
    path("PE-065", Kind::NewWork, "make a data pipeline with a strong role", &["iam:PassRole", "datapipeline:CreatePipeline"], &["datapipeline.amazonaws.com", "elasticmapreduce.amazonaws.com", "ec2.amazonaws.com"]),
    path("PE-066", Kind::NewWork, "define a data pipeline with a strong role", &["iam:PassRole", "datapipeline:CreatePipeline", "datapipeline:PutPipelineDefinition"], &["datapipeline.amazonaws.com", "elasticmapreduce.amazonaws.com", "ec2.amazonaws.com"]),
    path("PE-067", Kind::NewWork, "run a data pipeline with a strong role", &["iam:PassRole", "datapipeline:CreatePipeline", "datapipeline:PutPipelineDefinition", "datapipeline:ActivatePipeline"], &["datapipeline.amazonaws.com", "elasticmapreduce.amazonaws.com", "ec2.amazonaws.com"]),
    path("PE-068", Kind::NewWork, "request spot machines with a strong role", &["iam:PassRole", "ec2:RequestSpotInstances"], &["ec2.amazonaws.com"]),
    path("PE-069", Kind::NewWork, "start a machine with a strong role", &["iam:PassRole", "ec2:RunInstances"], &["ec2.amazonaws.com"]),
    path("PE-070", Kind::NewWork, "run a service with a strong role in a new cluster", &["iam:PassRole", "ecs:CreateCluster", "ecs:RegisterTaskDefinition", "ecs:CreateService"], &["ecs-tasks.amazonaws.com"]),
    path("PE-071", Kind::NewWork, "run a container with a strong role in a new cluster", &["iam:PassRole", "ecs:CreateCluster", "ecs:RegisterTaskDefinition", "ecs:RunTask"], &["ecs-tasks.amazonaws.com"]),
    path("PE-072", Kind::NewWork, "run a service with a strong role", &["iam:PassRole", "ecs:RegisterTaskDefinition", "ecs:CreateService"], &["ecs-tasks.amazonaws.com"]),
    path("PE-073", Kind::NewWork, "run a container with a strong role", &["iam:PassRole", "ecs:RegisterTaskDefinition", "ecs:RunTask"], &["ecs-tasks.amazonaws.com"]),
    path("PE-074", Kind::NewWork, "start a container with a strong role on a machine", &["iam:PassRole", "ecs:RegisterTaskDefinition", "ecs:StartTask"], &["ecs-tasks.amazonaws.com"]),
    path("PE-075", Kind::NewWork, "make a Glue development endpoint with a strong role", &["iam:PassRole", "glue:CreateDevEndpoint"], &["glue.amazonaws.com"]),
    path("PE-076", Kind::NewWork, "make a Glue job with a strong role", &["iam:PassRole", "glue:CreateJob"], &["glue.amazonaws.com"]),
    path("PE-077", Kind::NewWork, "make a Glue job with a strong role and a trigger for it", &["iam:PassRole", "glue:CreateJob", "glue:CreateTrigger"], &["glue.amazonaws.com"]),
    path("PE-078", Kind::NewWork, "run a Glue job with a strong role", &["iam:PassRole", "glue:CreateJob", "glue:StartJobRun"], &["glue.amazonaws.com"]),
    path("PE-079", Kind::NewWork, "give a Glue job other code and a strong role", &["iam:PassRole", "glue:UpdateJob"], &["glue.amazonaws.com"]),
    path("PE-080", Kind::NewWork, "give a Glue job other code and a trigger", &["iam:PassRole", "glue:UpdateJob", "glue:CreateTrigger"], &["glue.amazonaws.com"]),
    path("PE-081", Kind::NewWork, "give a Glue job other code and run it", &["iam:PassRole", "glue:UpdateJob", "glue:StartJobRun"], &["glue.amazonaws.com"]),
    path("PE-082", Kind::NewWork, "build an image on a machine with a strong role", &["iam:PassRole", "imagebuilder:CreateComponent", "imagebuilder:CreateImage", "imagebuilder:CreateImageRecipe", "imagebuilder:CreateInfrastructureConfiguration"], &["ec2.amazonaws.com", "imagebuilder.amazonaws.com"]),
    path("PE-083", Kind::NewWork, "run a stream application with a strong role", &["iam:PassRole", "kinesisanalytics:CreateApplication", "kinesisanalytics:StartApplication"], &["kinesisanalytics.amazonaws.com"]),
    path("PE-084", Kind::NewWork, "make a function with a strong role and let oneself invoke it", &["iam:PassRole", "lambda:CreateFunction", "lambda:AddPermission"], &["lambda.amazonaws.com"]),
    path("PE-085", Kind::NewWork, "make a function with a strong role that events start", &["iam:PassRole", "lambda:CreateFunction", "lambda:CreateEventSourceMapping"], &["lambda.amazonaws.com"]),
    path("PE-086", Kind::NewWork, "make a function with a strong role that a new table starts", &["iam:PassRole", "lambda:CreateFunction", "lambda:CreateEventSourceMapping", "dynamodb:PutItem", "dynamodb:CreateTable"], &["lambda.amazonaws.com"]),
    path("PE-087", Kind::NewWork, "make and invoke a function with a strong role", &["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"], &["lambda.amazonaws.com"]),
    path("PE-088", Kind::NewWork, "run a HealthOmics workflow with a strong role", &["iam:PassRole", "omics:CreateWorkflow", "omics:StartRun", "s3:GetObject"], &["omics.amazonaws.com"]),
    path("PE-089", Kind::NewWork, "make a notebook with a strong role", &["iam:PassRole", "sagemaker:CreateNotebookInstance"], &["sagemaker.amazonaws.com"]),
    path("PE-090", Kind::NewWork, "run a processing job with a strong role", &["iam:PassRole", "sagemaker:CreateProcessingJob"], &["sagemaker.amazonaws.com"]),
    path("PE-091", Kind::NewWork, "run a training job with a strong role", &["iam:PassRole", "sagemaker:CreateTrainingJob"], &["sagemaker.amazonaws.com"]),
    path("PE-092", Kind::NewWork, "schedule calls with a strong role", &["iam:PassRole", "scheduler:CreateSchedule"], &["scheduler.amazonaws.com"]),
    path("PE-093", Kind::NewWork, "run an automation with a strong role", &["iam:PassRole", "ssm:CreateDocument", "ssm:StartAutomationExecution"], &["ssm.amazonaws.com"]),
    path("PE-094", Kind::NewWork, "run a state machine with a strong role", &["iam:PassRole", "states:CreateStateMachine", "states:StartExecution"], &["states.amazonaws.com"]),
    path("PE-095", Kind::NewWork, "make and open a notebook with a strong role", &["iam:PassRole", "sagemaker:CreateNotebookInstance", "sagemaker:CreatePresignedNotebookInstanceUrl"], &["sagemaker.amazonaws.com"]),
    path("PE-096", Kind::ExistingWork, "put other code into a running App Runner service", &["apprunner:UpdateService"], &[]),
    path("PE-097", Kind::ExistingWork, "run a job by a definition whose role is strong", &["batch:SubmitJob"], &[]),
    path("PE-098", Kind::ExistingWork, "drive an AgentCore browser whose role is strong", &["bedrock-agentcore:ConnectBrowserAutomationStream", "bedrock-agentcore:StartBrowserSession"], &[]),
    path("PE-099", Kind::ExistingWork, "run commands in an AgentCore runtime whose role is strong", &["bedrock-agentcore:InvokeAgentRuntimeCommand"], &[]),
    path("PE-100", Kind::ExistingWork, "run code in an AgentCore interpreter whose role is strong", &["bedrock-agentcore:StartCodeInterpreterSession", "bedrock-agentcore:InvokeCodeInterpreter"], &[]),
    path("PE-101", Kind::ExistingWork, "change a stack whose role is strong", &["cloudformation:UpdateStack"], &[]),
    path("PE-102", Kind::ExistingWork, "run other commands in a build project whose role is strong", &["codebuild:StartBuild"], &[]),
    path("PE-103", Kind::ExistingWork, "run other commands in a batch build whose role is strong", &["codebuild:StartBuildBatch"], &[]),
    path("PE-104", Kind::ExistingWork, "deploy other code to machines whose role is strong", &["codedeploy:CreateDeployment", "codedeploy:GetDeploymentConfig", "codedeploy:RegisterApplicationRevision"], &[]),
    path("PE-105", Kind::ExistingWork, "become owner of a new CodeStar project", &["codestar:CreateProject", "codestar:AssociateTeamMember"], &[]),
    path("PE-106", Kind::ExistingWork, "let CodeStar make policies by a template", &["codestar:CreateProjectFromTemplate"], &[]),
    path("PE-107", Kind::ExistingWork, "log in to machines whose role is strong, with one's own key", &["ec2-instance-connect:SendSSHPublicKey", "ec2:DescribeInstances"], &[]),
    path("PE-108", Kind::ExistingWork, "put other code into a launch template whose role is strong", &["ec2:CreateLaunchTemplateVersion", "ec2:ModifyLaunchTemplate"], &[]),
    path("PE-109", Kind::ExistingWork, "put other start-up code into a machine whose role is strong", &["ec2:ModifyInstanceAttribute", "ec2:StopInstances", "ec2:StartInstances"], &[]),
    path("PE-110", Kind::ExistingWork, "run commands in containers whose role is strong", &["ecs:ExecuteCommand", "ecs:DescribeTasks"], &[]),
    path("PE-111", Kind::ExistingWork, "put one's own key into a Glue development endpoint", &["glue:UpdateDevEndpoint"], &[]),
    path("PE-112", Kind::ExistingWork, "put other code into a function whose role is strong", &["lambda:UpdateFunctionCode"], &[]),
    path("PE-113", Kind::ExistingWork, "put other code into a function and let oneself invoke it", &["lambda:UpdateFunctionCode", "lambda:AddPermission"], &[]),
    path("PE-114", Kind::ExistingWork, "put other code into a function and invoke it", &["lambda:UpdateFunctionCode", "lambda:InvokeFunction"], &[]),
    path("PE-115", Kind::ExistingWork, "put another layer into a function whose role is strong", &["lambda:UpdateFunctionConfiguration"], &[]),
    path("PE-116", Kind::ExistingWork, "put other start-up code into a notebook whose role is strong", &["sagemaker:CreateNotebookInstanceLifecycleConfig", "sagemaker:StopNotebookInstance", "sagemaker:UpdateNotebookInstance", "sagemaker:StartNotebookInstance"], &[]),
    path("PE-117", Kind::ExistingWork, "open a notebook whose role is strong", &["sagemaker:CreatePresignedNotebookInstanceUrl"], &[]),
    path("PE-118", Kind::ExistingWork, "run commands on machines whose role is strong", &["ssm:SendCommand"], &[]),
    path("PE-119", Kind::ExistingWork, "open a shell on machines whose role is strong", &["ssm:StartSession"], &[]),
    path("PE-120", Kind::ExistingWork, "put other steps into a state machine whose role is strong", &["states:StartExecution", "states:UpdateStateMachine"], &[]),
];

/// Reading these everywhere is an exposure.
const READING: [(Exposure, &str); 6] = [
    (Exposure::Secrets, "secretsmanager:GetSecretValue"),
    (Exposure::Parameters, "ssm:GetParameter"),
    (Exposure::Parameters, "ssm:GetParameters"),
    (Exposure::Parameters, "ssm:GetParametersByPath"),
    (Exposure::Objects, "s3:GetObject"),
    (Exposure::Decryption, "kms:Decrypt"),
];

impl Way<'_> {
    /// The weakest of what it needs.
    #[must_use]
    pub fn certainty(&self) -> Certainty {
        self.permissions.iter().map(|allowed| allowed.certainty).min().unwrap_or(Certainty::Plain)
    }

    /// The statements that open it, in their order within each document.
    #[must_use]
    pub fn statements(&self) -> Vec<&Statement> {
        let mut statements: Vec<&Statement> = self.permissions.iter().map(|allowed| allowed.statement).collect();
        statements.sort_by_key(|statement| (statement.of.as_deref(), statement.number));
        statements.dedup_by_key(|statement| (statement.of.as_deref(), statement.number));
        statements
    }

    /// `iam:PassRole on * + lambda:CreateFunction, by statement 2, if aws:SourceIp allows it`.
    #[must_use]
    pub fn words(&self) -> String {
        let needs: Vec<String> = self.permissions.iter().map(Allowed::in_words).collect();
        let statements: Vec<String> = self.statements().iter().map(ToString::to_string).collect();
        let mut words = format!("{}, by {}", needs.join(" + "), statements.join(" and "));
        let keys = self.condition_keys();
        if !keys.is_empty() {
            // Writing to a string cannot fail.
            let _ = write!(words, ", if {keys} allows it");
        }
        words
    }

    /// The keys of all conditions that may stand in the way. Empty if none does.
    #[must_use]
    pub fn condition_keys(&self) -> String {
        let mut keys: Vec<&str> =
            self.permissions.iter().flat_map(|allowed| &allowed.ifs).map(|condition| condition.key.as_str()).collect();
        keys.sort_unstable();
        keys.dedup();
        some(&keys, 5, ", ", |key| clipped(key))
    }
}

impl Allowed<'_> {
    fn in_words(&self) -> String {
        let matters =
            place(self.action).and_then(|place| ACTIONS.get(place)).is_some_and(|action| action.choice != Choice::Free);
        if matters { format!("{} on {}", self.action, clipped(&self.resource)) } else { self.action.to_owned() }
    }
}

/// As much of a pattern as anybody reads: its author may have made it as long as a document can be.
fn clipped(pattern: &str) -> String {
    match pattern.char_indices().nth(120) {
        Some((end, _)) => format!("{}…", pattern.get(..end).unwrap_or_default()),
        None => pattern.to_owned(),
    }
}

impl Document {
    /// The escalation paths that it opens by itself, the worst first. A document that makes its holder an administrator
    /// opens all of them: ask [`Document::privilege`] before.
    #[must_use]
    pub fn ways(&self) -> Vec<Way<'_>> {
        ways(&self.reach())
    }

    /// What else it opens that is worth a look, the worst first.
    #[must_use]
    pub fn exposed(&self) -> Vec<Exposed<'_>> {
        self.exposed_by(&self.reach())
    }

    /// Both at once, which is quicker.
    #[must_use]
    pub fn opens(&self) -> Opens<'_> {
        let reach = self.reach();
        Opens { ways: ways(&reach), exposed: self.exposed_by(&reach), tangled: reach.is_tangled() }
    }

    fn exposed_by<'a>(&'a self, reach: &Reach<'a>) -> Vec<Exposed<'a>> {
        let mut exposed = Vec::new();
        if let Some(allowed) = reach.allowed("iam:PassRole", &[])
            && allowed.certainty == Certainty::Plain
        {
            exposed.push(allowed.exposes(Exposure::PassAnyRole));
        }
        for (what, action) in READING {
            let Some(allowed) = reach.allowed(action, &[]) else { continue };
            if allowed.certainty > Certainty::Named && !exposed.iter().any(|exposed| exposed.what == what) {
                exposed.push(allowed.exposes(what));
            }
        }
        for statement in self.statements.iter().filter(|statement| statement.effect == Effect::Allow) {
            let mut services = statement.whole_services();
            services.retain(|service| !self.denies_everywhere(service));
            if !services.is_empty() {
                let certainty = if statement.conditions.is_empty() { Certainty::Plain } else { Certainty::If };
                let action = some(&services, 10, ", ", |service| clipped(service));
                exposed.push(Exposed { what: Exposure::WholeService, by: statement, certainty, action });
            }
        }
        exposed.sort_by_key(|exposed| (std::cmp::Reverse(exposed.certainty), exposed.what));
        exposed
    }

    fn denies_everywhere(&self, action: &str) -> bool {
        let action = action.to_ascii_lowercase();
        let denials = self.statements.iter().filter(|s| s.effect == Effect::Deny && s.conditions.is_empty());
        denials.into_iter().any(|denial| {
            let covers = |pattern: &String| contains(&pattern.to_ascii_lowercase(), &action);
            let everywhere =
                matches!(&denial.resources, Some(Scope::Only(list)) if list.iter().any(|resource| resource == "*"));
            everywhere && matches!(&denial.actions, Scope::Only(patterns) if patterns.iter().any(covers))
        })
    }
}

/// The places of each path's actions in the table.
static PLACES: LazyLock<Vec<Vec<usize>>> = LazyLock::new(|| {
    let places = |path: &Path| path.actions.iter().filter_map(|action| place(action)).collect();
    PATHS.iter().map(places).collect()
});

fn ways<'a>(reach: &Reach<'a>) -> Vec<Way<'a>> {
    // Many paths ask for the same: each action is looked up once, PassRole once for each list of services.
    let mut known: Vec<Option<Option<Allowed<'a>>>> = vec![None; ACTIONS.len()];
    let mut passed: Vec<(&[&str], Option<Allowed<'a>>)> = Vec::new();
    let mut ways: Vec<Way<'a>> = Vec::new();
    for (path, places) in PATHS.iter().zip(&*PLACES).filter(|(path, _)| !path.actions.is_empty()) {
        let mut permissions = Vec::with_capacity(places.len());
        for (action, place) in path.actions.iter().zip(places) {
            let allowed = if *action == "iam:PassRole" {
                if let Some((_, known)) = passed.iter().find(|(services, _)| *services == path.services) {
                    known.clone()
                } else {
                    let allowed = reach.allowed_at(*place, path.services);
                    passed.push((path.services, allowed.clone()));
                    allowed
                }
            } else {
                let known = known.get_mut(*place);
                known.and_then(|known| known.get_or_insert_with(|| reach.allowed_at(*place, &[])).clone())
            };
            let Some(allowed) = allowed else { break };
            permissions.push(allowed);
        }
        if permissions.len() == path.actions.len() {
            ways.push(Way { path, permissions });
        }
    }
    // Every Put of IAM says more than each of them.
    let parts = |way: &Way<'_>| if way.path.reference == "PE-013" { 0 } else { way.permissions.len() };
    ways.sort_by_cached_key(|way| (std::cmp::Reverse(way.certainty()), way.path.kind, parts(way)));
    ways
}

impl<'a> Allowed<'a> {
    fn exposes(&self, what: Exposure) -> Exposed<'a> {
        Exposed { what, by: self.statement, certainty: self.certainty, action: self.action.to_owned() }
    }
}

impl Statement {
    /// The services in which it allows every action on every resource, as `ec2:*`, but for everything and IAM, which are
    /// more.
    fn whole_services(&self) -> Vec<&str> {
        let everywhere =
            matches!(&self.resources, Some(Scope::Only(list)) if list.iter().any(|resource| resource == "*"));
        let Scope::Only(actions) = &self.actions else { return Vec::new() };
        if !everywhere || self.principals.is_some() {
            return Vec::new();
        }
        let whole = |action: &&str| {
            let Some((service, name)) = action.split_once(':') else { return false };
            name == "*" && !service.contains('*') && !service.eq_ignore_ascii_case("iam")
        };
        actions.iter().map(String::as_str).filter(whole).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn document(statements: &Value) -> Document {
        Document::from_value(&json!({"Version": "2012-10-17", "Statement": statements})).unwrap()
    }

    fn said(statements: &Value) -> Vec<String> {
        document(statements)
            .ways()
            .iter()
            .map(|way| format!("{:?} {} {}", way.certainty(), way.path.reference, way.words()))
            .collect()
    }

    #[test]
    fn the_table_is_in_order_and_knows_its_actions() {
        assert_eq!(PATHS.len(), 120);
        for (number, path) in PATHS.iter().enumerate() {
            assert_eq!(path.reference, format!("PE-{:03}", number + 1));
            assert_eq!(path.actions.is_empty(), path.reference == "PE-001");
            assert_eq!(path.actions.contains(&"iam:PassRole"), !path.services.is_empty(), "{}", path.reference);
            for action in path.actions {
                assert!(super::super::actions::place(action).is_some(), "{action}");
            }
        }
    }

    #[test]
    fn a_way_says_what_opens_it() {
        let statements = json!([
            {"Effect": "Allow", "Action": "logs:*", "Resource": "*"},
            {"Sid": "Deploy", "Effect": "Allow", "Action": ["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"], "Resource": "*"},
        ]);
        assert_eq!(
            said(&statements),
            [
                "Plain PE-087 iam:PassRole on * + lambda:CreateFunction + lambda:InvokeFunction, by statement 2 \"Deploy\""
            ]
        );
    }

    #[test]
    fn the_service_that_a_role_may_be_passed_to_decides() {
        let to = |operator: &str, service: &str| {
            said(&json!([
                {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*", "Condition": {operator: {"iam:PassedToService": service}}},
                {"Effect": "Allow", "Action": "ec2:RunInstances", "Resource": "*"},
            ]))
        };
        assert_eq!(to("StringEquals", "ec2.amazonaws.com").len(), 1);
        assert_eq!(to("StringLike", "ec2*").len(), 1);
        assert_eq!(to("StringEqualsIfExists", "ec2.amazonaws.com.cn").len(), 1);
        assert_eq!(to("StringNotEquals", "lambda.amazonaws.com").len(), 1);
        assert!(to("StringEquals", "lambda.amazonaws.com").is_empty());
        assert!(to("StringNotLike", "ec2.*").is_empty());
    }

    #[test]
    fn conditions_and_named_resources_make_less_of_it() {
        let put = |resource: &str, condition: Value| {
            said(
                &json!({"Effect": "Allow", "Action": "iam:PutUserPolicy", "Resource": resource, "Condition": condition}),
            )
        };
        let all = "arn:aws:iam::111122223333:user/*";
        assert_eq!(put(all, json!({})), [format!("Plain PE-018 iam:PutUserPolicy on {all}, by statement 1")]);
        assert_eq!(
            put(all, json!({"Bool": {"aws:MultiFactorAuthPresent": true}})),
            [format!("If PE-018 iam:PutUserPolicy on {all}, by statement 1, if aws:MultiFactorAuthPresent allows it")]
        );
        assert!(put("arn:aws:iam::111122223333:user/bob", json!({}))[0].starts_with("Named"));
        assert!(put("arn:aws:iam::*:user/${aws:username}", json!({}))[0].starts_with("Plain"));
        assert!(put("arn:aws:iam::111122223333:role/*", json!({})).is_empty());
    }

    #[test]
    fn a_denial_takes_what_it_covers() {
        let less =
            |deny: Value| said(&json!([{"Effect": "Allow", "Action": "iam:Create*", "Resource": "*"}, deny])).len();
        assert_eq!(less(json!({"Effect": "Deny", "Action": "s3:*", "Resource": "*"})), 3);
        assert_eq!(less(json!({"Effect": "Deny", "Action": "iam:CreateA*", "Resource": "*"})), 2);
        assert_eq!(
            less(json!({"Effect": "Deny", "Action": "iam:*", "Resource": "arn:aws:iam::111122223333:user/*"})),
            1
        );
        assert_eq!(less(json!({"Effect": "Deny", "NotAction": "iam:CreateUser", "Resource": "*"})), 0);
        assert_eq!(less(json!({"Effect": "Deny", "Action": "iam:*", "NotResource": "arn:aws:s3:::*"})), 0);
    }
}
