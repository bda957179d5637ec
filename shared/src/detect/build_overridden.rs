//! # Build run with other commands
//!
//! Somebody started a CodeBuild build with commands, an image, a source or a role other than its project says.
//!
//! ## Why it matters
//!
//! The build runs with the project's role, which may deploy. Whoever may start it with commands of their own acts as that role
//! and leaves the project as it was.
//!
//! ## False alarms
//!
//! Pipelines name another source or a path of another build file, which is for the record. Commands written into the call are
//! rare, and MEDIUM, as are another image or role.
//!
//! ## What to do
//!
//! 1. Read the commands under Evidence, and the build's log, which may be gone soon.
//! 2. Ask whoever is named under Who; if they do not know of it, stop the build and cut off their credentials.
//! 3. List all calls by the project's role since the event, by `sessionContext.sessionIssuer.arn`.
//! 4. Give new values to every secret that the project's environment has.

use super::{Context, Detection, Outcome, Page, Technique, for_the_record_by_service};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::script;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "build-overridden",
    watcher: Watcher::IamChanges,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1648", was: None, name: "Serverless Execution" }],
    covers: &[],
    calls: &[Calls { source: "codebuild.amazonaws.com", names: &["StartBuild", "StartBuildBatch"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("build_overridden.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    // CodePipeline starts each of its builds with a source of its own.
    if event.actor.is_service() || event.actor.is_service_by_itself() {
        return None;
    }
    let buildspec = event.request("buildspecOverride");
    let overrides = [
        ("Commands", buildspec),
        ("Role", event.request("serviceRoleOverride")),
        ("Image", event.request("imageOverride")),
        ("Source", event.request("sourceLocationOverride")),
    ];
    let with = overrides.iter().find(|(_, value)| value.is_some()).map(|(label, _)| label.to_ascii_lowercase())?;
    // The path of a file in the source is no command.
    let written = buildspec.is_some_and(|spec| spec.contains(['\n', '{']));
    let loud = written || event.request("serviceRoleOverride").is_some() || event.request("imageOverride").is_some();
    let project = event.request("projectName")?;
    let mut finding = DETECTION
        .finding(event, format!("started a build of {project} with other {with}"))
        .severity(if loud { Severity::Medium } else { Severity::Low })
        .target(Target { kind: "build project".to_owned(), name: project.to_owned(), arn: None });
    for (label, value) in overrides {
        finding = finding.evidence_if(label, value);
    }
    let finding = finding.evidence_if(
        "Runs as",
        event.response("build.serviceRole").or_else(|| event.response("buildBatch.serviceRole")),
    );
    Some(for_the_record_by_service(event, script::judged(finding, buildspec.unwrap_or_default())))
}
