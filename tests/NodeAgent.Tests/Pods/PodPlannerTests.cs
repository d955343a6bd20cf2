using CsCheck;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Pods;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Pods;

public sealed class PodPlannerTests
{
    private static readonly DateTimeOffset Stamp = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly SteadyTime Now = new(TimeSpan.FromDays(1));

    [Fact]
    public void A_new_pod_gets_a_sandbox_and_its_containers()
    {
        var plan = Plan(Pod(["a", "b"]));

        Assert.Equal(0u, plan.NewSandboxAttempt);
        Assert.Equal(["a", "b"], plan.Starts.Select(s => s.Container.Name));
        Assert.False(plan.KillPod);
    }

    [Fact]
    public void Init_containers_come_one_by_one()
    {
        var pod = Pod(["main"], inits: ["one", "two"]);

        Assert.Equal(["one"], Starts(pod));
        Assert.Empty(Starts(pod, Running("one")));
        Assert.Equal(["two"], Starts(pod, Exited("one", 0)));
        Assert.Equal(["one"], Starts(pod, Exited("one", 1)));
        Assert.Equal(["main"], Starts(pod, Exited("one", 0), Exited("two", 0)));
    }

    [Fact]
    public void An_init_container_with_a_policy_of_its_own_follows_that()
    {
        var pod = Pod(["main"], inits: ["one"]);
        pod.Spec.InitContainers[0].RestartPolicy = "Never";
        Assert.Empty(Starts(pod, Exited("one", 1)));

        pod.Spec.RestartPolicy = "Never";
        pod.Spec.InitContainers[0].RestartPolicy = "OnFailure";
        Assert.Equal(["one"], Starts(pod, Exited("one", 1)));
    }

    [Fact]
    public void The_next_container_waits_for_a_sidecar_to_have_started()
    {
        var pod = Pod(["main"], inits: ["side"]);
        pod.Spec.InitContainers[0].RestartPolicy = "Always";
        var side = Running("side");

        Assert.Equal(["side"], Starts(pod));
        Assert.Empty(Starts(pod, side));
        Assert.Equal(["main"], Plan(pod, [side], started: [side.Id]).Starts.Select(s => s.Container.Name));
        Assert.Equal(["side"], Starts(pod, Exited("side", 0), Running("main")));
    }

    /// <summary>Whether it runs nobody knows: there must never be two.</summary>
    [Fact]
    public void What_the_runtime_does_not_know_is_killed_before_it_starts_again()
    {
        var pod = Pod(["main"], inits: ["one"]);
        var plan = Plan(pod, [Unknown("one")]);
        Assert.Equal(
            "Init container is in \"unknown\" state, try killing it before restart", Assert.Single(plan.Kills).Message);
        Assert.Equal(["one"], plan.Starts.Select(s => s.Container.Name));

        plan = Plan(pod, [Exited("one", 0), Unknown("main")]);
        Assert.Equal(
            "Container is in \"unknown\" state, try killing it before restart", Assert.Single(plan.Kills).Message);
        Assert.Equal(["main"], plan.Starts.Select(s => s.Container.Name));

        pod.Spec.RestartPolicy = "Never";
        Assert.Empty(Plan(pod, [Unknown("one")]).Starts);

        static ContainerRecord Unknown(string name) => Exited(name, 0) with { State = ContainerState.ContainerUnknown };
    }

    /// <summary>Records of what has ended may be collected.</summary>
    [Fact]
    public void Init_containers_before_one_that_has_begun_are_not_run_again()
    {
        var pod = Pod(["main"], inits: ["side", "one", "two"]);
        pod.Spec.InitContainers[0].RestartPolicy = "Always";

        Assert.Empty(Starts(pod, Running("two")));
        Assert.Equal(["two"], Starts(pod, Exited("two", 1)));
        Assert.Equal(["main"], Starts(pod, Exited("two", 0)));
        Assert.Equal(["side"], Starts(pod, Running("main")));
    }

    [Fact]
    public void Of_a_sidecar_that_is_killed_it_is_said_that_it_is_one()
    {
        var pod = Pod(["main"], inits: ["side"]);
        pod.Spec.InitContainers[0].RestartPolicy = "Always";
        var side = Running("side") with { Annotations = new Dictionary<string, string>() };

        Assert.Equal(
            "Init container side definition changed", Assert.Single(Plan(pod, [side, Running("main")]).Kills).Message);
    }

    /// <summary>An image may change although the pod never restarts anything.</summary>
    [Theory]
    [InlineData("Always")]
    [InlineData("Never")]
    public void A_container_that_has_become_another_starts_anew_whatever_its_policy(string policy)
    {
        var pod = Pod(["main"], policy: policy);
        var plan = Plan(pod, [Running("main") with { Annotations = new Dictionary<string, string>() }]);

        Assert.Equal("Container main definition changed, will be restarted", Assert.Single(plan.Kills).Message);
        Assert.Equal(["main"], plan.Starts.Select(s => s.Container.Name));
    }

    [Fact]
    public void A_pod_with_nothing_left_but_sidecars_is_done()
    {
        var pod = Pod(["main"], inits: ["side"], policy: "Never");
        pod.Spec.InitContainers[0].RestartPolicy = "Always";
        var side = Running("side");

        Assert.True(Plan(pod, [side, Exited("main", 0)], started: [side.Id]).KillPod);
        Assert.False(Plan(pod, [side, Running("main")], started: [side.Id]).KillPod);
    }

    [Theory]
    [InlineData("Always", 0, true)]
    [InlineData("Always", 1, true)]
    [InlineData("OnFailure", 0, false)]
    [InlineData("OnFailure", 1, true)]
    [InlineData("Never", 1, false)]
    public void The_restart_policy_decides(string policy, int exitCode, bool restarts)
    {
        var pod = Pod(["main", "other"], policy: policy);

        Assert.Equal(restarts ? ["main"] : [], Starts(pod, Exited("main", exitCode), Running("other")));
    }

    [Fact]
    public void A_container_in_back_off_waits_until_its_time()
    {
        var pod = Pod(["main"]);
        var ended = Exited("main", 1);
        var backOffs = new Dictionary<string, BackOffEntry> { ["main"] = new(TimeSpan.FromSeconds(10), Now - TimeSpan.FromSeconds(5)) };

        var plan = Plan(pod, [ended], backOffs: backOffs, endedAgo: 4);

        Assert.Empty(plan.Starts);
        Assert.Equal(Now + TimeSpan.FromSeconds(6), Assert.Single(plan.Waits).Until);
        Assert.Equal(plan.Waits[0].Until, plan.WakeAt);
        Assert.Single(Plan(pod, [ended], backOffs: backOffs, endedAgo: 10).Starts);
    }

    /// <summary>
    /// Upstream starts the next one in the step that kills: whatever code the killed one ends with, and with the
    /// back-off of the end before it.
    /// </summary>
    [Theory]
    [InlineData("Always", null, true)]
    [InlineData("OnFailure", null, true)]
    [InlineData("Never", null, false)]
    [InlineData("Always", 25, true)]
    [InlineData("Always", 15, false)]
    public void What_a_probe_ends_is_followed_at_once_unless_the_end_before_was_just_now(
        string policy, int? endedAgo, bool starts)
    {
        var pod = Pod(["main", "side"], policy: policy);
        var before = Exited("main", 1) with { Id = "before" };
        var backOffs = new Dictionary<string, BackOffEntry> { ["main"] = new(TimeSpan.FromSeconds(20), Now) };

        var plan = Plan(
            pod, [Running("main"), Running("side"), .. endedAgo is null ? [] : new[] { before }], backOffs: backOffs,
            endedAgo: endedAgo ?? 0, verdicts: new() { ["id-main"] = ProbeVerdict.LivenessFailed });

        Assert.Equal("id-main", Assert.Single(plan.Kills).Record.Id);
        Assert.Equal(starts ? ["main"] : [], plan.Starts.Select(s => s.Container.Name));
        Assert.All(plan.Starts, s => Assert.Equal(
            (1, endedAgo is null ? null : "before"), (s.RestartCount, s.Ended?.Id)));
        Assert.Empty(plan.Waits);
        Assert.False(plan.KillPod);
    }

    [Fact]
    public void A_container_that_has_become_another_does_not_wait_for_what_it_was()
    {
        var pod = Pod(["main"]);
        var backOffs = new Dictionary<string, BackOffEntry> { ["main"] = new(TimeSpan.FromSeconds(300), Now) };
        Assert.Single(Plan(pod, [Exited("main", 1)], backOffs: backOffs).Waits);

        pod.Spec.Containers[0].Image = "another:2";

        Assert.Single(Plan(pod, [Exited("main", 1)], backOffs: backOffs).Starts);
    }

    [Fact]
    public void A_dead_sandbox_is_replaced_with_the_next_attempt()
    {
        var dead = new SandboxRecord { Id = "old", Attempt = 2, Ready = false, Ips = ["10.0.0.1"], CreatedAt = Stamp };
        var input = new PodPlanInput
        {
            Pod = Pod(["main"], inits: ["init"]),
            Now = Now,
            Observed = new PodRuntimeState { Uid = "u", Sandboxes = [dead], Containers = [Running("main") with { SandboxId = "old" }] },
        };

        var plan = PodPlanner.Compute(input);

        Assert.True(plan.KillPod);
        Assert.Equal(3u, plan.NewSandboxAttempt);
        Assert.Equal(["init"], plan.Starts.Select(s => s.Container.Name));
    }

    [Fact]
    public void A_pod_that_never_restarts_gets_no_second_sandbox()
    {
        var dead = new SandboxRecord { Id = "old", Ready = false, CreatedAt = Stamp };
        var plan = PodPlanner.Compute(new PodPlanInput
        {
            Pod = Pod(["main"], policy: "Never"),
            Now = Now,
            Observed = new PodRuntimeState { Uid = "u", Sandboxes = [dead], Containers = [Exited("main", 137) with { SandboxId = "old" }] },
        });

        Assert.Null(plan.NewSandboxAttempt);
        Assert.Empty(plan.Starts);
    }

    [Fact]
    public void A_changed_image_restarts_only_that_container()
    {
        var pod = Pod(["a", "b"]);
        var old = Running("a");
        pod.Spec.Containers[0].Image = "another:2";

        var plan = Plan(pod, [old, Running("b")]);

        var kill = Assert.Single(plan.Kills);
        Assert.Equal("Container a definition changed, will be restarted", kill.Message);
    }

    [Fact]
    public void An_end_that_restarts_all_takes_all_away_the_reason_last()
    {
        var pod = Pod(["main", "other"], inits: ["init"], policy: "Never");
        pod.Spec.Containers[0].RestartPolicyRules = [Rule("Restart", 7), Rule("RestartAllContainers", 3, 7)];
        ContainerRecord[] records = [Exited("main", 3), Running("other"), Exited("init", 0)];

        var plan = Plan(pod, records);

        Assert.Equal(["id-other", "id-init", "id-main"], plan.Resets.Select(r => r.Id));
        Assert.False(plan.IsEmpty);
        Assert.Empty(plan.Starts);
        Assert.False(plan.KillPod);
        Assert.Equal(["id-main"], Plan(pod, [records[0]]).Resets.Select(r => r.Id)); // cut off in the middle
        Assert.Equal(["init"], Starts(pod, [])); // and when all are gone it begins anew, in the same sandbox
        Assert.Null(Plan(pod, []).NewSandboxAttempt);
    }

    [Theory]
    [InlineData(7, true)]
    [InlineData(4, false)]
    public void The_first_rule_that_an_end_meets_counts(int exitCode, bool restarts)
    {
        var pod = Pod(["main"], policy: "Never");
        pod.Spec.Containers[0].RestartPolicyRules = [Rule("Restart", 7), Rule("RestartAllContainers", 3, 7)];

        var plan = Plan(pod, [Exited("main", exitCode)]);

        Assert.Empty(plan.Resets);
        Assert.Equal(restarts ? ["main"] : [], plan.Starts.Select(s => s.Container.Name));
    }

    [Fact]
    public void An_end_that_restarts_all_counts_before_a_dead_sandbox()
    {
        var pod = Pod(["main"], policy: "Never");
        pod.Spec.Containers[0].RestartPolicyRules = [Rule("RestartAllContainers", 3)];
        var dead = new SandboxRecord { Id = "s", Ready = false, Ips = ["10.0.0.1"], CreatedAt = Stamp };
        var observed = new PodRuntimeState { Uid = "u", Sandboxes = [dead], Containers = [Exited("main", 3)] };

        Assert.Single(PodPlanner.Compute(new PodPlanInput { Pod = pod, Now = Now, Observed = observed }).Resets);

        var after = PodPlanner.Compute(new PodPlanInput
        {
            Pod = pod, Now = Now, Observed = observed with { Containers = [] },
        });
        Assert.Equal(1u, after.NewSandboxAttempt);
        Assert.Equal(["main"], after.Starts.Select(s => s.Container.Name));
    }

    /// <summary>
    /// Random pods in random states: never a start beside a running instance, never a start of a container twice,
    /// init containers strictly in order, nothing started for a pod whose init failed for good.
    /// </summary>
    [Fact]
    public void No_plan_ever_breaks_the_rules()
    {
        (from inits in Gen.Int[0, 3]
         from mains in Gen.Int[1, 3]
         from policy in Gen.OneOf(Gen.Const("Always"), Gen.Const("OnFailure"), Gen.Const("Never"))
         from sidecars in Gen.Bool.Array[inits]
         from states in Gen.Int[0, 4].Array[inits + mains]
         from started in Gen.Bool
         select (inits, mains, policy, sidecars, states, started)).Check(world =>
        {
            var pod = Pod(
                [.. Enumerable.Range(0, world.mains).Select(i => $"m{i}")],
                [.. Enumerable.Range(0, world.inits).Select(i => $"i{i}")], world.policy);
            for (var i = 0; i < world.inits; i++)
            {
                pod.Spec.InitContainers[i].RestartPolicy = world.sidecars[i] ? "Always" : null;
            }

            var records = pod.AllContainers().Select(
                (c, i) => State(c.Name, world.states[i])).OfType<ContainerRecord>().ToList();
            var plan = Plan(pod, records, started: world.started ? [.. records.Select(r => r.Id)] : []);
            Check(pod, records, plan);
        });
    }

    private static void Check(V1Pod pod, List<ContainerRecord> records, PodPlan plan)
    {
        var starts = plan.Starts.Select(s => s.Container.Name).ToList();
        Assert.Equal(starts.Count, starts.Distinct().Count());
        Assert.DoesNotContain(records, r => r.IsRunning && starts.Contains(r.Name));
        Assert.True(plan.KillPod || plan.NewSandboxAttempt is null);
        var initialized = records.Any(r => pod.Spec.Containers.Any(c => c.Name == r.Name));
        var starting = pod.Inits().Where(c => starts.Contains(c.Name)).ToList();
        foreach (var init in initialized ? [] : starting)
        {
            var before = pod.Inits().TakeWhile(c => c.Name != init.Name).Where(c => !c.IsSidecar());
            Assert.All(before, c => Assert.True(HasEnded(pod, records, c)));
        }

        if (!initialized && starting.Count > 0)
        {
            Assert.DoesNotContain(starts, s => pod.Spec.Containers.Any(c => c.Name == s));
        }
    }

    /// <summary>It has, as its record says or, where that was collected, those of later ones.</summary>
    private static bool HasEnded(V1Pod pod, List<ContainerRecord> records, V1Container init) =>
        records.Find(r => r.Name == init.Name) is { } record
            ? record is { IsExited: true, ExitCode: 0 }
            : pod.Inits().SkipWhile(c => c.Name != init.Name).Any(c => records.Exists(r => r.Name == c.Name));

    private static ContainerRecord? State(string name, int state) => state switch
    {
        0 => null,
        1 => Running(name),
        2 => Exited(name, 0),
        3 => Exited(name, 1),
        _ => Running(name) with { State = ContainerState.ContainerCreated },
    };

    private static IEnumerable<string> Starts(V1Pod pod, params ContainerRecord[] records) =>
        records.Length == 0
            ? Plan(pod).Starts.Select(s => s.Container.Name)
            : Plan(pod, records).Starts.Select(s => s.Container.Name);

    private static PodPlan Plan(
        V1Pod pod,
        IReadOnlyList<ContainerRecord>? records = null,
        HashSet<string>? started = null,
        IReadOnlyDictionary<string, BackOffEntry>? backOffs = null,
        int endedAgo = 0,
        Dictionary<string, ProbeVerdict>? verdicts = null) => PodPlanner.Compute(new PodPlanInput
        {
            Pod = pod,
            Verdicts = verdicts ?? [],
            Now = Now,
            Ends = (records ?? []).ToDictionary(r => r.Id, _ => Now - TimeSpan.FromSeconds(endedAgo)),
            Started = started ?? [],
            BackOffs = backOffs ?? new Dictionary<string, BackOffEntry>(),
            Observed = records is null
                ? PodRuntimeState.Empty("u")
                : new PodRuntimeState
                {
                    Uid = "u",
                    Sandboxes = [new SandboxRecord { Id = "s", Ready = true, Ips = ["10.0.0.1"], CreatedAt = Stamp }],
                    Containers = records,
                },
        });

    private static V1Pod Pod(string[] names, string[]? inits = null, string policy = "Always")
    {
        var pod = TestPods.Pod("p", [.. names.Select(n => TestPods.Service(n))]);
        pod.Spec.InitContainers = [.. (inits ?? []).Select(n => TestPods.Service(n))];
        pod.Spec.RestartPolicy = policy;
        pod.Metadata.Uid = "u";
        return pod;
    }

    private static V1ContainerRestartRule Rule(string action, params int[] exitCodes) => new()
    {
        Action = action,
        ExitCodes = new V1ContainerRestartRuleOnExitCodes
        {
            OperatorProperty = "In", Values = [.. exitCodes],
        },
    };

    private static ContainerRecord Running(string name) => new()
    {
        Id = "id-" + name,
        SandboxId = "s",
        Name = name,
        State = ContainerState.ContainerRunning,
        CreatedAt = Stamp,
        StartedAt = Stamp,
        Annotations =
            new Dictionary<string, string> { [CriLabels.ContainerHash] = PodFacts.Hash(TestPods.Service(name)) },
    };

    private static ContainerRecord Exited(string name, int exitCode) =>
        Running(name) with { State = ContainerState.ContainerExited, ExitCode = exitCode, FinishedAt = Stamp };
}
