using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Scenarios;

/// <summary>People at terminals: exec, attach, run, debug, and logs of what ended.</summary>
[Collection(ClusterTests.Name)]
public sealed class TerminalTests(RealCluster cluster)
{
    private const string WithTerminal = "stdin: true\ntty: true";

    [Fact]
    public async Task Terminals_reach_containers()
    {
        await using var space = await Space.CreateAsync(cluster, "terminals");
        await space.ApplyAsync(Pods.Together(
            Pods.Shell("idle", Pods.Idle),
            Pods.Shell("console", "PS1='in> '; export PS1; exec sh -i", more: WithTerminal),
            Pods.Shell("counter", "i=0; while true; do echo line $i; i=$((i+1)); sleep 0.1; done", grace: 0)));
        await space.KubectlAsync("wait", "--for=condition=Ready", "pod", "--all", "--timeout=300s");
        await Concurrently.RunAsync(
            ExecHasATerminalAsync(space),
            AttachHasATerminalAsync(space),
            AttachShowsWhatIsWrittenAsync(space),
            OneShotPodsAsync(space),
            DebuggingWithAnEphemeralContainerAsync(space));
    }

    [Fact]
    public async Task Logs_of_what_ended_can_be_read()
    {
        await using var space = await Space.CreateAsync(cluster, "logbook");
        const string Script =
            "echo run $(cat /life/count) one; echo two; echo three; echo x >> /life/count; [ $(wc -l < /life/count) -ge 2 ] || exit 1; echo last";
        await space.ApplyAsync(Pods.Shell("p", Script, "OnFailure", "volumeMounts: [{name: life, mountPath: /life}]") +
            "\n  volumes: [{name: life, emptyDir: {}}]\n  initContainers:\n" +
            $"  - {{name: init, image: '{Pods.Image}', command: [touch, /life/count], volumeMounts: [{{name: life, mountPath: /life}}]}}\n");
        await space.WaitAsync("pod/p", "{.status.phase}=Succeeded");

        Assert.Equal("run one\ntwo\nthree\n", await space.KubectlAsync("logs", "p", "--previous"));
        Assert.Equal("run x one\ntwo\nthree\nlast\n", await space.KubectlAsync("logs", "p"));
        Assert.Equal("three\nlast\n", await space.KubectlAsync("logs", "p", "--tail=2"));
        Assert.Equal("run x one\ntwo\nthree\nlast\n", await space.KubectlAsync("logs", "p", "--since=1h", "-f"));
        Assert.Equal("", await space.KubectlAsync("logs", "p", "--since-time=2100-01-01T00:00:00Z"));
        Assert.StartsWith(
            "20", await space.KubectlAsync("logs", "p", "--timestamps", "--tail=1"), StringComparison.Ordinal);
        Assert.Contains(
            "container x is not valid for pod p",
            (await space.TryAsync("logs", "p", "-c", "x")).Errors,
            StringComparison.Ordinal);
        Assert.Contains(
            "previous terminated container \"init\" in pod \"p\" not found",
            (await space.TryAsync("logs", "p", "-c", "init", "--previous")).Errors,
            StringComparison.Ordinal);
    }

    private async Task ExecHasATerminalAsync(Space space)
    {
        const string Script = "until [ \"$(stty size)\" = \"33 77\" ]; do sleep 0.1; done; tty; echo si''zed; read line; echo got $line; exit 5";
        var quoted = Script.Replace("'", "'\\''", StringComparison.Ordinal);
        await using var terminal =
            Terminal.Start(cluster, 33, 77, $"-n {space.Name} exec -it idle -- sh -c '{quoted}'");
        await terminal.ReadUntilAsync("/dev/pts/");
        await terminal.ReadUntilAsync("sized");
        await terminal.TypeAsync("some words");
        await terminal.ReadUntilAsync("got some words");
        Assert.Equal(5, await terminal.EndAsync());
    }

    private async Task AttachHasATerminalAsync(Space space)
    {
        await using var terminal = Terminal.Start(cluster, 24, 80, $"-n {space.Name} attach -it console");
        await terminal.TypeAsync("echo $((6*7))-");
        await terminal.ReadUntilAsync("42-");
    }

    private async Task AttachShowsWhatIsWrittenAsync(Space space)
    {
        using var attach = cluster.StartKubectl("-n", space.Name, "attach", "counter");
        Assert.StartsWith("line ", await attach.StandardOutput.NextLineAsync(), StringComparison.Ordinal);
        attach.Kill();
    }

    private async Task OneShotPodsAsync(Space space)
    {
        var answered = await cluster.KubectlWithInputAsync(
            "to the pod\n", "-n", space.Name, "run", "one-shot", "-i", "--rm", "--restart=Never", $"--image={Pods.Image}", "--command", "--", "cat");
        Assert.StartsWith("to the pod\n", answered.Required, StringComparison.Ordinal);
        Assert.Contains("deleted", answered.Output, StringComparison.Ordinal);

        var failed = await cluster.KubectlWithInputAsync(
            "", "-n", space.Name, "run", "failing", "-i", "--rm", "--restart=Never", $"--image={Pods.Image}", "--command", "--", "sh", "-c", "exit 9");
        Assert.Equal(9, failed.ExitCode);
    }

    private static async Task DebuggingWithAnEphemeralContainerAsync(Space space)
    {
        await space.KubectlAsync(
            "debug",
            "idle",
            $"--image={Pods.Image}",
            "--container=look",
            "--profile=general",
            "--",
            "sh",
            "-c",
            "echo looked");
        await space.WaitAsync("pod/idle", "{.status.ephemeralContainerStatuses[0].state.terminated.exitCode}=0");
        Assert.Equal("looked\n", await space.KubectlAsync("logs", "idle", "-c", "look"));
        Assert.Equal("0", await space.FieldAsync("pod/idle", "{.status.containerStatuses[0].restartCount}"));
    }
}
