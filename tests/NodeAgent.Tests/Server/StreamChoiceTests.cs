using k8s.Models;
using OrleansOrchestrator.NodeAgent.Server;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Server;

public sealed class StreamChoiceTests
{
    [Theory]
    [InlineData("plain", true, false)]
    [InlineData("terminal", false, true)]
    [InlineData("terminal", true, true)]
    [InlineData("debugger", false, true)]
    [InlineData("gone", true, false)]
    public void Whether_there_is_a_terminal_to_attach_to_is_the_containers_to_say(
        string container, bool asked, bool expected)
    {
        var pod = new V1Pod
        {
            Spec = new V1PodSpec
            {
                Containers = [new V1Container { Name = "plain" }, new V1Container { Name = "terminal", Tty = true }],
                EphemeralContainers = [new V1EphemeralContainer { Name = "debugger", Tty = true }],
            },
        };
        var request = new StreamChoice(Stdin: true, Stdout: true, Stderr: false, asked).Attach(pod, container, "id");
        Assert.Equal(("id", true, true, false, expected),
            (request.ContainerId, request.Stdin, request.Stdout, request.Stderr, request.Tty));
    }
}
