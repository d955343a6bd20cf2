using System.Text.Json.Nodes;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Pods;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Pods;

public sealed class PodStatusTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    /// <summary>
    /// Container states (R running, 0 or 1 exited, - none), restart policy, everything stopped → phase.
    /// </summary>
    [Theory]
    [InlineData("--", "Always", false, "Pending")]
    [InlineData("R-", "Always", false, "Pending")]
    [InlineData("RR", "Always", false, "Running")]
    [InlineData("R1", "Never", false, "Running")]
    [InlineData("00", "Never", false, "Succeeded")]
    [InlineData("01", "Never", false, "Failed")]
    [InlineData("00", "OnFailure", false, "Succeeded")]
    [InlineData("01", "OnFailure", false, "Running")]
    [InlineData("01", "Always", false, "Running")]
    [InlineData("00", "Always", true, "Succeeded")]
    [InlineData("01", "Always", true, "Failed")]
    public void The_phase_follows_the_containers(string states, string policy, bool terminated, string phase)
    {
        var pod = Pod(policy, "a", "b");
        var records = states.Select((s, i) => Record(((char)('a' + i)).ToString(), s)).OfType<ContainerRecord>();

        Assert.Equal(phase, Compute(pod, records, isTerminated: terminated).Phase);
    }

    [Fact]
    public void A_terminal_phase_is_for_ever()
    {
        var pod = Pod("Never", "a");
        pod.Status = new V1PodStatus { Phase = "Failed", Reason = "Evicted" };

        var status = Compute(pod, [Record("a", 'R')!]);

        Assert.Equal(("Failed", "Evicted"), (status.Phase, status.Reason));
    }

    [Fact]
    public void A_waiting_reason_moves_the_last_end_aside()
    {
        var pod = Pod("Always", "a");
        var status = PodStatusComputer.Compute(Input(pod, [Record("a", '1')!]) with
        {
            Waiting = new Dictionary<string, WaitingReason> { ["a"] = new("CrashLoopBackOff", "back-off") },
        }).ContainerStatuses[0];

        Assert.Equal("CrashLoopBackOff", status.State.Waiting.Reason);
        Assert.Equal(1, status.LastState.Terminated.ExitCode);
    }

    /// <summary>States, the first container's own policy, the pod's → phase.</summary>
    [Theory]
    [InlineData("01", "Always", "Never", "Running")]
    [InlineData("11", "Never", "Never", "Failed")]
    [InlineData("10", "OnFailure", "Never", "Running")]
    [InlineData("00", "OnFailure", "Never", "Succeeded")]
    public void A_containers_own_restart_policy_counts_for_the_phase(string states, string own, string policy,
        string phase)
    {
        var pod = Pod(policy, "a", "b");
        pod.Spec.Containers[0].RestartPolicy = own;

        Assert.Equal(phase,
            Compute(pod,
            states.Select((s, i) => Record(((char)('a' + i)).ToString(), s)).OfType<ContainerRecord>()).Phase);
    }

    [Fact]
    public void Readiness_needs_the_gates_of_others_too()
    {
        var pod = Pod("Always", "a");
        pod.Spec.ReadinessGates = [new V1PodReadinessGate { ConditionType = "example.com/lb" }];
        pod.Status =
            new V1PodStatus { Conditions = [new V1PodCondition { Type = "example.com/lb", Status = "False" }] };

        var conditions = Compute(pod, [Record("a", 'R')!]).Conditions;

        Assert.Equal("True", conditions.Single(c => c.Type == "ContainersReady").Status);
        var ready = conditions.Single(c => c.Type == "Ready");
        Assert.Equal("ReadinessGatesNotReady", ready.Reason);
        Assert.Equal("the status of pod readiness gate \"example.com/lb\" is not \"True\", but False", ready.Message);
    }

    /// <summary>States of two init containers and the main one; what the condition says of them.</summary>
    [Theory]
    [InlineData("---", "containers with incomplete status: [a b]")]
    [InlineData("R--", "containers with incomplete status: [a b]")]
    [InlineData("1--", "containers with incomplete status: [a b]")]
    [InlineData("W--", "containers with incomplete status: [a b]")]
    [InlineData("0R-", "containers with incomplete status: [b]")]
    [InlineData("0W-", "containers with incomplete status: [b]")]
    [InlineData("00-", null)]
    [InlineData("00R", null)]
    [InlineData("00W", null)]
    [InlineData("1-R", null)]
    public void Init_containers_are_complete_only_when_they_have_succeeded(string states, string? message)
    {
        var pod = Pod("Always", "c");
        pod.Spec.InitContainers = [TestPods.Service("a"), TestPods.Service("b")];
        var names = new[] { "a", "b", "c" };
        var records = states.Select((s, i) => Record(names[i], s == 'W' ? '1' : s)).OfType<ContainerRecord>();
        var waiting = names.Where((_, i) => states[i] == 'W');

        var status = PodStatusComputer.Compute(Input(pod, records) with
        {
            Waiting = waiting.ToDictionary(n => n, _ => new WaitingReason("CrashLoopBackOff", "back-off")),
        });

        var condition = status.Conditions.Single(c => c.Type == "Initialized");
        Assert.Equal(
            message is null ? ("True", null, null) : ("False", "ContainersNotInitialized", message),
            (condition.Status, condition.Reason, condition.Message));
        Assert.Equal(
            states[..2].Select(s => (Ready: s == '0', Started: (bool?)(s == 'R'))),
            status.InitContainerStatuses.Select(s => (s.Ready, s.Started)));
        Assert.Equal(
            states[2] == 'R' ? null : "containers with unready status: [c]",
            status.Conditions.Single(c => c.Type == "ContainersReady").Message);
    }

    [Fact]
    public void Of_an_ephemeral_container_nobody_says_that_it_is_ready()
    {
        var pod = Pod("Always", "a");
        pod.Spec.EphemeralContainers = [new V1EphemeralContainer { Name = "debug", Image = "i" }];

        var status = Compute(pod, [Record("a", 'R')!, Record("debug", 'R')!]);

        var ephemeral = Assert.Single(status.EphemeralContainerStatuses);
        Assert.NotNull(ephemeral.State.Running);
        Assert.Equal((false, null), (ephemeral.Ready, ephemeral.Started));
        Assert.Equal((true, true), (status.ContainerStatuses[0].Ready, status.ContainerStatuses[0].Started));
    }

    [Fact]
    public void A_pod_with_a_sidecar_that_starts_again_stays_initialized_while_another_container_runs()
    {
        var pod = Pod("Always", "c");
        pod.Spec.InitContainers = [TestPods.Service("side")];
        pod.Spec.InitContainers[0].RestartPolicy = "Always";

        var running = Compute(pod, [Record("side", '1')!, Record("c", 'R')!]).Conditions;
        var before = Compute(pod, [Record("side", '1')!]).Conditions;

        Assert.Equal("True", running.Single(c => c.Type == "Initialized").Status);
        Assert.Equal("containers with incomplete status: [side]", before.Single(c => c.Type == "Initialized").Message);
        Assert.Equal("containers with unready status: [side]", running.Single(c => c.Type == "Ready").Message);
    }

    [Fact]
    public void Transition_times_stay_while_the_status_does()
    {
        var pod = Pod("Always", "a");
        var first = Compute(pod, [Record("a", 'R')!]);
        pod.Status = first;

        var second = PodStatusComputer.Compute(Input(pod, [Record("a", 'R')!]) with { Now = Now.AddHours(1) });

        Assert.All(second.Conditions, c => Assert.Equal(Now.UtcDateTime, c.LastTransitionTime));
        Assert.Null(StatusPatch.Compute(first, second, "u"));
    }

    [Fact]
    public void A_patch_says_only_what_changed()
    {
        var pod = Pod("Always", "a");
        var before = Compute(pod, []);
        pod.Status = before;
        before.Conditions.Add(new V1PodCondition { Type = "example.com/other", Status = "True" });

        var after = Compute(pod, [Record("a", 'R')!]);
        var patch = JsonNode.Parse(StatusPatch.Compute(before, after, "u")!)!;

        Assert.Equal("u", (string)patch["metadata"]!["uid"]!);
        Assert.Equal("Running", (string)patch["status"]!["phase"]!);
        Assert.Null(patch["status"]!["startTime"]);
        var types = patch["status"]!["conditions"]!.AsArray().Select(c => (string)c!["type"]!);
        Assert.Equal(["PodReadyToStartContainers", "Ready", "ContainersReady"], types);
    }

    /// <summary>All run; one ends so that all begin anew; all are gone; they are made again; they run again.</summary>
    [Fact]
    public void A_restart_of_all_containers_is_told_and_counted()
    {
        var pod = Pod("Never", "a", "b");
        pod.Spec.Containers[0].RestartPolicyRules =
        [
            new V1ContainerRestartRule
            {
                Action = "RestartAllContainers",
                ExitCodes = new V1ContainerRestartRuleOnExitCodes { OperatorProperty = "In", Values = [1] },
            },
        ];
        pod.Status = Compute(pod, [Record("a", 'R')!, Record("b", 'R')!]);
        Assert.Equal("False", Restarting(pod.Status).Status);

        pod.Status = Compute(pod, [Record("a", '1')!, Record("b", 'R')!]);
        Assert.Equal(
            ("True", "RestartAllContainersStarted", "container exited with restart policy rule"),
            (Restarting(pod.Status).Status, Restarting(pod.Status).Reason, Restarting(pod.Status).Message));
        Assert.Equal(("Running", 1), (pod.Status.Phase, pod.Status.ContainerStatuses[0].State.Terminated.ExitCode));

        pod.Status = WithSandbox(pod);
        Assert.Equal(("Running", "False"), (pod.Status.Phase, Restarting(pod.Status).Status));
        Assert.All(pod.Status.ContainerStatuses, c => Assert.Equal(
            ("RestartingAllContainers", "RestartingAllContainers", 137, 1),
            (c.State.Waiting.Reason, c.LastState.Terminated.Reason, c.LastState.Terminated.ExitCode, c.RestartCount)));

        pod.Status = WithSandbox(pod);
        Assert.Equal("Running", pod.Status.Phase);
        Assert.All(pod.Status.ContainerStatuses, c => Assert.Equal(
            ("ContainerCreating", "RestartingAllContainers", 1),
            (c.State.Waiting.Reason, c.LastState.Terminated.Reason, c.RestartCount)));

        pod.Status = Compute(pod, [Record("a", 'R')!, Record("b", 'R')!]);
        Assert.Equal("Running", pod.Status.Phase);
        Assert.All(
            pod.Status.ContainerStatuses,
            c => Assert.Equal("RestartingAllContainers", c.LastState.Terminated.Reason));
    }

    /// <summary>Once initialized a pod stays so, while its init containers run again.</summary>
    [Fact]
    public void What_was_initialized_stays_initialized()
    {
        var pod = Pod("Always", "a");
        pod.Spec.InitContainers = [TestPods.Service("init")];
        Assert.Equal("False", Initialized(Compute(pod, [])));
        pod.Status = Compute(pod, [Record("init", '0')!]);
        Assert.Equal("True", Initialized(pod.Status));
        Assert.Equal("True", Initialized(Compute(pod, [Record("init", 'R')!])));

        static string Initialized(V1PodStatus status) => status.Conditions.Single(c => c.Type == "Initialized").Status;
    }

    [Fact]
    public void Whether_devices_work_is_told_of_the_containers_that_have_them()
    {
        var pod = Pod("Always", "a", "b");
        V1ResourceStatus[] known = [new() { Name = "claim:gpu" }];
        var status = PodStatusComputer.Compute(Input(pod, []) with
        {
            Devices = new Dictionary<string, IList<V1ResourceStatus>> { ["b"] = known },
        });
        Assert.Null(status.ContainerStatuses[0].AllocatedResourcesStatus);
        Assert.Same(known, status.ContainerStatuses[1].AllocatedResourcesStatus);
    }

    private static V1PodCondition Restarting(V1PodStatus status) =>
        status.Conditions.Single(c => c.Type == "AllContainersRestarting");

    /// <summary>Nothing is there but the sandbox.</summary>
    private static V1PodStatus WithSandbox(V1Pod pod) => PodStatusComputer.Compute(Input(pod, []) with
    {
        Observed = new PodRuntimeState
        {
            Uid = "u", Sandboxes = [new SandboxRecord { Id = "s", Ready = true, Ips = ["10.0.0.1"] }],
        },
    });

    private static V1PodStatus Compute(V1Pod pod, IEnumerable<ContainerRecord> records, bool isTerminated = false) =>
        PodStatusComputer.Compute(Input(pod, records) with { IsTerminated = isTerminated });

    private static PodStatusInput Input(V1Pod pod, IEnumerable<ContainerRecord> records)
    {
        var list = records.ToList();
        return new PodStatusInput
        {
            Pod = pod,
            Now = Now,
            HostIps = ["192.0.2.1"],
            Started = list.Select(r => r.Id).ToHashSet(),
            Observed = new PodRuntimeState
            {
                Uid = "u",
                Containers = list,
                Sandboxes = list.Count == 0 ? [] : [new SandboxRecord { Id = "s", Ready = true, Ips = ["10.0.0.1"] }],
            },
        };
    }

    private static V1Pod Pod(string policy, params string[] names)
    {
        var pod = TestPods.Pod("p", [.. names.Select(n => TestPods.Service(n))]);
        pod.Spec.RestartPolicy = policy;
        pod.Metadata.Uid = "u";
        return pod;
    }

    private static ContainerRecord? Record(string name, char state) => state == '-' ? null : new ContainerRecord
    {
        Id = "id-" + name,
        SandboxId = "s",
        Name = name,
        State = state == 'R' ? ContainerState.ContainerRunning : ContainerState.ContainerExited,
        ExitCode = state == '1' ? 1 : 0,
        Reason = state == '1' ? "Error" : "Completed",
        CreatedAt = Now,
        StartedAt = Now,
        FinishedAt = state == 'R' ? null : Now,
    };
}
