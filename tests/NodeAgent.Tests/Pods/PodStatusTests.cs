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
            states[..2].Select(s => (
                Ready: s == '0' || (s == '-' && states[2] == 'R'), Started: (bool?)(s == 'R'))),
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

    /// <summary>What runs in another sandbox has not begun in this one.</summary>
    [Theory]
    [InlineData("s", 'R', "Running")]
    [InlineData("s", '1', "Running")]
    [InlineData("before", '1', "Pending")]
    [InlineData("s", '-', "Pending")]
    public void A_sidecar_that_starts_again_does_not_make_a_pod_wait_that_has_begun(
        string sandbox, char state, string phase)
    {
        var pod = Pod("Always", "c");
        pod.Spec.InitContainers = [TestPods.Service("side")];
        pod.Spec.InitContainers[0].RestartPolicy = "Always";
        var records = new[] { Record("side", 'R'), Record("c", state) }.OfType<ContainerRecord>()
            .Select(r => r.Name == "c" ? r with { SandboxId = sandbox } : r);

        var input = Input(pod, records) with { Started = new HashSet<string>() };
        Assert.Equal(phase, PodStatusComputer.Compute(input).Phase);
    }

    /// <summary>Its record was removed, and nobody knows its status: of a pod of a file, for one.</summary>
    [Theory]
    [InlineData('R', "Running", true)]
    [InlineData('-', "Pending", false)]
    public void An_init_container_of_which_nothing_is_left_has_ended_once_a_regular_one_was_made(
        char state, string phase, bool isReady)
    {
        var pod = Pod("Always", "c");
        pod.Spec.InitContainers = [TestPods.Service("init")];

        var status = Compute(pod, new[] { Record("c", state) }.OfType<ContainerRecord>());
        Assert.Equal(phase, status.Phase);
        var init = Assert.Single(status.InitContainerStatuses);
        Assert.Equal((isReady, isReady ? 0 : null), (init.Ready, init.State.Terminated?.ExitCode));
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

    /// <summary>It was seen running and is nowhere: it has ended, and begins again unless its pod is to go.</summary>
    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 0)]
    public void A_container_that_is_nowhere_has_ended_in_some_way(bool isDeleted, int restarts)
    {
        var pod = Pod("Always", "a");
        pod.Status = Compute(pod, [Record("a", 'R')!]);
        pod.Metadata.DeletionTimestamp = isDeleted ? Now.UtcDateTime : null;

        pod.Status = Compute(pod, []);
        var gone = pod.Status.ContainerStatuses[0];
        Assert.Equal(
            ("Running", "ContainerCreating", "ContainerStatusUnknown", 137, restarts),
            (pod.Status.Phase, gone.State.Waiting.Reason, gone.LastState.Terminated.Reason,
                gone.LastState.Terminated.ExitCode, gone.RestartCount));
        Assert.Equal(
            "The container could not be located when the pod was deleted.  The container used to be Running",
            gone.LastState.Terminated.Message);
        Assert.Equal(restarts, Compute(pod, []).ContainerStatuses[0].RestartCount);
    }

    [Fact]
    public void The_end_of_a_container_whose_record_was_collected_stays_told()
    {
        var pod = Pod("OnFailure", "a", "b");
        pod.Status = Compute(pod, [Record("a", '0')!, Record("b", 'R')!]);
        var (before, after) = (pod.Status.ContainerStatuses[0], Compute(pod, [Record("b", 'R')!]).ContainerStatuses[0]);

        Assert.Equal(
            ("Completed", before.ContainerID, before.RestartCount, false),
            (after.State.Terminated.Reason, after.ContainerID, after.RestartCount, after.Ready));
    }

    /// <summary>
    /// Init containers and two others (- never began, R ran and is nowhere, 0 and 1 ended); which have failed when the
    /// pod has ended (F) and which were never to begin (W).
    /// </summary>
    [Theory]
    [InlineData("", "--", "FF")]
    [InlineData("", "0R", "0F")]
    [InlineData("--", "--", "FWWW")]
    [InlineData("0-", "--", "0WWW")]
    [InlineData("0R", "--", "0FWW")]
    [InlineData("00", "--", "00FF")]
    [InlineData("00", "R-", "00FF")]
    public void Once_a_pod_has_ended_what_began_and_is_nowhere_has_failed(string inits, string others, string expected)
    {
        var names = "abcd"[..(inits.Length + others.Length)].Select(static c => c.ToString()).ToArray();
        var pod = Pod("Never", names[inits.Length..]);
        pod.Spec.InitContainers = [.. names[..inits.Length].Select(n => TestPods.Service(n))];
        var states = inits + others;
        pod.Status = Compute(pod, states.Select((s, i) => Record(names[i], s)).OfType<ContainerRecord>());

        var status = Compute(
            pod, states.Select((s, i) => Record(names[i], s == 'R' ? '-' : s)).OfType<ContainerRecord>(),
            isTerminated: true);

        Assert.Equal("Failed", status.Phase);
        var all = (status.InitContainerStatuses ?? []).Concat(status.ContainerStatuses).ToList();
        Assert.Equal(expected, string.Concat(all.Select(static s => s.State.Terminated switch
        {
            null => "W", { Reason: "ContainerStatusUnknown" } => "F", var ended => $"{ended.ExitCode}",
        })));
        Assert.All(
            all.Where(static s => s.State.Terminated?.Reason == "ContainerStatusUnknown"),
            static s => Assert.Equal(
                "The container could not be located when the pod was terminated", s.State.Terminated.Message));
    }

    [Fact]
    public void What_the_runtime_does_not_know_of_a_container_that_ran_is_its_end()
    {
        var pod = Pod("Always", "a", "b");
        pod.Status = Compute(pod, [Record("a", 'R')!]);
        var unknown = new[] { "a", "b" }.Select(n => Record(n, '1')! with { State = ContainerState.ContainerUnknown });

        var status = Compute(pod, unknown).ContainerStatuses;

        Assert.Equal(
            ("ContainerStatusUnknown", 1), (status[0].State.Terminated.Reason, status[0].RestartCount));
        Assert.Equal((true, null), (status[1].State.Waiting is not null, status[1].State.Waiting?.Reason));
    }

    /// <summary>A reason that somebody else gave belongs to the phase that it was given with.</summary>
    [Fact]
    public void A_reason_of_others_stays_as_long_as_the_phase()
    {
        var pod = Pod("Never", "a");
        pod.Status = new V1PodStatus { Phase = "Running", Reason = "NodeLost", Message = "unresponsive" };

        Assert.Equal("NodeLost", Compute(pod, [Record("a", 'R')!]).Reason);
        Assert.Null(Compute(pod, [Record("a", '0')!]).Reason);
    }

    [Fact]
    public void Mounts_and_amounts_are_told_of_containers_that_do_not_run_too()
    {
        var pod = Pod("Never", "a", "b");
        foreach (var container in pod.Spec.Containers)
        {
            container.VolumeMounts = [new V1VolumeMount { Name = "v", MountPath = "/v" }];
            container.Resources = new V1ResourceRequirements
            {
                Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("1") },
            };
        }

        var statuses = Compute(pod, [Record("a", '0')!]).ContainerStatuses;

        Assert.All(statuses, static s => Assert.Equal("/v", Assert.Single(s.VolumeMounts).MountPath));
        Assert.Equal("1", statuses[0].AllocatedResources["cpu"].ToString());
        Assert.Null(statuses[1].AllocatedResources);
    }

    [Fact]
    public void On_the_nodes_network_a_pod_has_its_address_before_its_sandbox()
    {
        var pod = Pod("Always", "a");
        Assert.Null(Compute(pod, []).PodIP);
        pod.Spec.HostNetwork = true;
        Assert.Equal(("192.0.2.1", "192.0.2.1"), (Compute(pod, []).PodIP, Assert.Single(Compute(pod, []).PodIPs).Ip));
    }

    [Fact]
    public void What_the_runtime_says_of_an_end_goes_before_what_the_container_says()
    {
        var pod = Pod("Never", "a", "b");
        var records = new[] { "a", "b" }.Select(n => Record(n, '1')! with { Message = "no memory" });
        var statuses = PodStatusComputer.Compute(Input(pod, records) with
        {
            TerminationMessages = new Dictionary<string, string> { ["id-a"] = "I go", ["id-b"] = "" },
        }).ContainerStatuses;

        Assert.Equal(["no memory: I go", "no memory"], statuses.Select(static s => s.State.Terminated.Message));
    }

    /// <summary>A pod that is to go starts nothing: why it could not does not matter any more.</summary>
    [Fact]
    public void Why_a_start_fails_is_told_until_the_pod_is_to_go()
    {
        var pod = Pod("Always", "a");
        var waiting = new Dictionary<string, WaitingReason> { ["a"] = new("ImagePullBackOff", "back-off") };
        Assert.Equal("ImagePullBackOff", Reason());
        pod.Metadata.DeletionTimestamp = Now.UtcDateTime;
        Assert.Equal("ContainerCreating", Reason());

        string Reason() => PodStatusComputer.Compute(Input(pod, []) with { Waiting = waiting })
            .ContainerStatuses[0].State.Waiting.Reason;
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
