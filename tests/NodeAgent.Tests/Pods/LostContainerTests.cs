using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Pods;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Pods;

/// <summary>What is told of containers of which the runtime knows no more than that they were.</summary>
public sealed class LostContainerTests
{
    [Fact]
    public void The_start_after_a_lost_instance_is_counted_once()
    {
        var pod = Pod();
        pod.Status = Compute(pod, Record("c", "one", ContainerState.ContainerRunning));
        pod.Status = Compute(pod, Record("c", "one", ContainerState.ContainerUnknown));
        var lost = pod.Status.ContainerStatuses[0];
        Assert.Equal((LostContainers.Reason, 1), (lost.State.Terminated.Reason, lost.RestartCount));

        for (var publish = 0; publish < 2; publish++)
        {
            pod.Status = Compute(pod, Record("c", "two", ContainerState.ContainerRunning));
            var next = pod.Status.ContainerStatuses[0];
            Assert.Equal((true, 1), (next.State.Running is not null, next.RestartCount));
        }
    }

    [Theory]
    [InlineData(ContainerState.ContainerCreated, true)]
    [InlineData(ContainerState.ContainerRunning, true)]
    [InlineData(ContainerState.ContainerExited, true)]
    [InlineData(ContainerState.ContainerUnknown, false)]
    public void That_an_init_container_has_ended_is_known_by_a_regular_one_that_is_known(
        ContainerState state, bool hasEnded)
    {
        var pod = Pod();
        pod.Spec.InitContainers = [TestPods.Service("init")];

        var init = Assert.Single(Compute(pod, Record("c", "one", state)).InitContainerStatuses);

        Assert.Equal((hasEnded, hasEnded), (init.Ready, init.State.Terminated is not null));
    }

    private static V1Pod Pod()
    {
        var pod = TestPods.Pod("p", TestPods.Service("c"));
        pod.Metadata.Uid = "u";
        return pod;
    }

    private static ContainerRecord Record(string name, string id, ContainerState state) =>
        new() { Id = id, SandboxId = "s", Name = name, State = state };

    private static V1PodStatus Compute(V1Pod pod, ContainerRecord record) =>
        PodStatusComputer.Compute(new PodStatusInput
        {
            Pod = pod,
            Now = DateTimeOffset.UnixEpoch,
            Observed = new PodRuntimeState
            {
                Uid = "u", Containers = [record],
                Sandboxes = [new SandboxRecord { Id = "s", Ready = true, Ips = ["10.0.0.1"] }],
            },
        });
}
