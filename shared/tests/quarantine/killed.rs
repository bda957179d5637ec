//! Killed before and after each thing that it does, in turn, whatever it does: who comes next goes on, and the record is whole.

use iamwatch::config::{Config, Mode};
use iamwatch::ledger::LEASE;
use iamwatch::quarantine::{Proof, REAPPLIED_AT_MOST, ROUNDS, Restore, State, Step};

use super::actor::{finding_by, role, session};
use super::world::*;

const ANN: &str = "arn:aws:iam::111122223333:user/ann";
const OLD: &str = "arn:aws:iam::111122223333:policy/old-boundary";

/// Something that is done, and whoever does it may die.
struct Case {
    name: &'static str,
    mode: Mode,
    /// What was before.
    given: fn() -> World,
    /// What begins it; nobody dies of this.
    first: fn(&World, &Config),
    /// What is done, and done again by whoever comes next. False where it failed.
    run: fn(&World, &Config) -> bool,
    /// What IAM must show at last, and no less.
    holds: fn(&World) -> bool,
    /// Whether that is a restore.
    restores: bool,
}

fn key() -> World {
    World::with_user("bob", "/", start())
}

fn user() -> World {
    World::with_leaked_user("bob")
}

/// No more policies fit.
fn full_user() -> World {
    let world = World::with_leaked_user("bob");
    world.change("bob", |user| user.boundary = Some(OLD.to_owned()));
    world.full.set(true);
    world
}

fn app() -> World {
    let world = World::default();
    role(&world, "app");
    world
}

fn contain_key(world: &World, config: &Config) -> bool {
    world.contain(&finding("bob", start()), config, world.time()).is_ok()
}

fn contain_user(world: &World, config: &Config) -> bool {
    world.contain(&leak(&[&key_of("bob")]), config, world.time()).is_ok()
}

fn end_sessions(world: &World, config: &Config) -> bool {
    world.contain(&finding_by(&session("app"), config), config, world.time()).is_ok()
}

/// Contained, or waiting and approved.
fn begun(by: fn(&World, &Config) -> bool, world: &World, config: &Config) {
    assert!(by(world, config));
    let record = world.only_record();
    if record.state == State::Pending {
        world.approve(&record.id, ANN, &record.fingerprint()).unwrap();
    }
}

/// The same, and it was done.
fn done(by: fn(&World, &Config) -> bool, world: &World, config: &Config) {
    begun(by, world, config);
    assert!(world.only_record().state == State::Verified || look(world, config));
    assert_eq!(world.only_record().state, State::Verified);
}

fn look(world: &World, config: &Config) -> bool {
    world.look(&world.only_record().id, config).is_ok()
}

fn give_back(world: &World, _: &Config) -> bool {
    world.restore(leaked_too()).is_ok()
        || world.only_record().state == State::Restored && world.dies_before.get().is_none()
}

fn is_as_before(world: &World) -> bool {
    let bob = world.user("bob");
    let on = bob.keys.iter().all(|key| key.active) && bob.others.iter().all(|other| other.active);
    on && !bob.is_under(DENY) && world.watched().is_empty()
}

const CASES: [Case; 13] = [
    Case {
        name: "a key is switched off",
        mode: Mode::Enforce,
        given: key,
        first: |_, _| (),
        run: contain_key,
        holds: |world| !world.is_active("bob"),
        restores: false,
    },
    Case {
        name: "a key is switched off after a yes",
        mode: Mode::Approve,
        given: key,
        first: |world, config| begun(contain_key, world, config),
        run: look,
        holds: |world| !world.is_active("bob"),
        restores: false,
    },
    Case {
        name: "a user is cut off",
        mode: Mode::Enforce,
        given: user,
        first: |_, _| (),
        run: contain_user,
        holds: |world| world.is_contained("bob"),
        restores: false,
    },
    Case {
        name: "a user is cut off after a yes",
        mode: Mode::Approve,
        given: user,
        first: |world, config| begun(contain_user, world, config),
        run: look,
        holds: |world| world.is_contained("bob"),
        restores: false,
    },
    Case {
        name: "a user is cut off by the boundary",
        mode: Mode::Enforce,
        given: full_user,
        first: |_, _| (),
        run: contain_user,
        holds: |world| world.is_contained("bob") && world.user("bob").boundary.as_deref() == Some(DENY),
        restores: false,
    },
    Case {
        name: "sessions of a role are ended",
        mode: Mode::Approve,
        given: app,
        first: |world, config| begun(end_sessions, world, config),
        run: look,
        holds: |world| world.roles.borrow()["app"].ended.is_some(),
        restores: false,
    },
    Case {
        name: "what somebody undid is done again",
        mode: Mode::Enforce,
        given: user,
        first: |world, config| {
            done(contain_user, world, config);
            world.clock.set(seconds(5));
            world.change("bob", |user| {
                user.attached.retain(|arn| arn != DENY);
                user.keys[0].active = true;
            });
        },
        run: look,
        holds: |world| world.is_contained("bob"),
        restores: false,
    },
    Case {
        name: "sessions that somebody gave back are ended again",
        mode: Mode::Approve,
        given: app,
        first: |world, config| {
            done(end_sessions, world, config);
            world.clock.set(seconds(5));
            world.roles.borrow_mut().get_mut("app").unwrap().ended = None;
        },
        run: look,
        holds: |world| world.roles.borrow()["app"].ended.is_some(),
        restores: false,
    },
    Case {
        name: "what failed is tried again",
        mode: Mode::Enforce,
        given: user,
        first: |world, config| {
            world.stuck.set(true);
            assert!(contain_user(world, config));
            world.stuck.set(false);
            world.clock.set(seconds(5));
        },
        run: look,
        holds: |world| world.is_contained("bob"),
        restores: false,
    },
    Case {
        name: "a key is given back",
        mode: Mode::Enforce,
        given: key,
        first: |world, config| done(contain_key, world, config),
        run: give_back,
        holds: is_as_before,
        restores: true,
    },
    Case {
        name: "a user is given back",
        mode: Mode::Enforce,
        given: user,
        first: |world, config| done(contain_user, world, config),
        run: give_back,
        holds: |world| is_as_before(world) && world.user("bob").boundary.is_none(),
        restores: true,
    },
    Case {
        name: "a boundary is given back",
        mode: Mode::Enforce,
        given: full_user,
        first: |world, config| done(contain_user, world, config),
        run: give_back,
        holds: |world| is_as_before(world) && world.user("bob").boundary.as_deref() == Some(OLD),
        restores: true,
    },
    Case {
        name: "sessions of a role may go on",
        mode: Mode::Approve,
        given: app,
        first: |world, config| done(end_sessions, world, config),
        run: give_back,
        holds: |world| !world.roles.borrow()["app"].revoked && world.watched().is_empty(),
        restores: true,
    },
];

#[test]
fn whoever_comes_next_goes_on_wherever_it_was_killed_and_the_record_is_whole() {
    for case in CASES {
        let mut survived = false;
        let mut kills = 0;
        while !survived {
            let (world, config) = ((case.given)(), config(case.mode));
            let case_at = format!("{}, killed before call {kills}", case.name);
            (case.first)(&world, &config);
            let (before, writes) = (world.clock.get(), world.writes.borrow().len());
            world.dies_before.set(Some(kills));
            survived = (case.run)(&world, &config);
            world.dies_before.set(None);
            // What takes a policy off a user last leaves the user contained until then.
            let bob = world.users.borrow().get("bob").cloned();
            if let Some(bob) = bob.filter(|bob| case.restores && !bob.others.is_empty()) {
                let any_off = bob.keys.iter().any(|key| !key.active) || bob.others.iter().any(|other| !other.active);
                assert!(!any_off || bob.is_under(DENY), "{case_at}");
            }

            world.clock.set(before + LEASE + seconds(15));
            assert!((case.run)(&world, &config), "{case_at}");
            world.until_with_retries(seconds(1_000), &config);

            assert!((case.holds)(&world), "{case_at}");
            let record = world.only_record();
            assert_eq!(
                (record.state, record.told),
                (if case.restores { State::Restored } else { State::Verified }, true),
                "{case_at}"
            );
            // Every change of IAM is on record, by a call that worked, or by what IAM showed of one whose answer was not heard.
            let writes = world.writes.borrow().iter().skip(writes).cloned().collect::<Vec<_>>();
            let steps = record.plan.steps.iter().map(Step::words);
            for words in writes.into_iter().chain(steps) {
                let called = record.calls.iter().any(|call| call.error.is_none() && call.what.starts_with(&words));
                assert!(called, "{case_at}: {words} is not on record: {:?}", record.calls);
            }
            assert!(record.before.is_some() && record.decided.is_some() && record.contained.is_some(), "{case_at}");
            assert_eq!(record.approval.is_some(), case.mode == Mode::Approve, "{case_at}");
            assert!(
                record.reapplied <= REAPPLIED_AT_MOST && record.giving.is_none() && record.busy.is_none(),
                "{case_at}"
            );
            if !case.restores {
                assert!(record.proofs.iter().filter(|proof| proof.holds()).count() >= ROUNDS.len(), "{case_at}");
                assert!(record.proofs.last().is_some_and(Proof::holds) && world.queue.borrow().is_empty(), "{case_at}");
                // What was taken can be given back, all of it.
                let every = Restore { leaked: true, made_meanwhile: true };
                assert_eq!(world.restore(every).unwrap().state, State::Restored, "{case_at}");
                assert!(world.users.borrow().is_empty() || is_as_before(&world), "{case_at}");
            }
            kills += 1;
            assert!(kills < 90, "{case_at}: the loop went past the last call");
        }
    }
}
