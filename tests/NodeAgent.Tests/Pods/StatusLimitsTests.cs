using System.Text;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Pods;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Pods;

public sealed class StatusLimitsTests
{
    /// <summary>Containers, what each says, and how many bytes of it are kept.</summary>
    [Theory]
    [InlineData(1, "a", 4096)]
    [InlineData(3, "a", 4096)]
    [InlineData(4, "a", 3072)]
    [InlineData(48, "a", 256)]
    [InlineData(5, "é", 2456)]
    public void All_containers_may_say_the_same_share(int containers, string character, int kept)
    {
        var message = string.Concat(Enumerable.Repeat(character, 4096 / Encoding.UTF8.GetByteCount(character)));
        var pod = TestPods.Pod("p", TestPods.Service("c0"));
        pod.Spec.InitContainers =
            [.. Enumerable.Range(1, containers - 1).Select(static i => TestPods.Service($"c{i}"))];
        var status = new V1PodStatus
        {
            ContainerStatuses = [Said("c0")],
            InitContainerStatuses = [.. pod.Spec.InitContainers.Select(c => Said(c.Name))],
        };

        StatusLimits.Apply(pod, status);

        Assert.All(status.ContainerStatuses.Concat(status.InitContainerStatuses), s =>
        {
            Assert.Equal(kept, Encoding.UTF8.GetByteCount(s.State.Terminated.Message));
            Assert.Equal(s.State.Terminated.Message, s.LastState.Terminated.Message);
        });

        V1ContainerStatus Said(string name) => new() { Name = name, State = Ended(), LastState = Ended() };

        V1ContainerState Ended() => new() { Terminated = new V1ContainerStateTerminated { Message = message } };
    }

    [Fact]
    public void Whoever_says_nothing_is_left_alone()
    {
        var status = new V1PodStatus
        {
            ContainerStatuses = [new V1ContainerStatus { State = new V1ContainerState { Terminated = new() } }],
        };

        Assert.Null(StatusLimits.Apply(TestPods.Pod("p", TestPods.Service("c")), status)
            .ContainerStatuses[0].State.Terminated.Message);
    }
}
