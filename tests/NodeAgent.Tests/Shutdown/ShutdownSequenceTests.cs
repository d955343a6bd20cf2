using OrleansOrchestrator.NodeAgent.Shutdown;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Shutdown;

/// <summary>Who ends when, and with how much grace: upstream's table, and what its waiting means.</summary>
public sealed class ShutdownSequenceTests
{
    private const int Critical = 2_000_000_000;

    private readonly List<(string Name, int Seconds)> _ended = [];
    private readonly Dictionary<string, TaskCompletionSource> _began = [];
    private readonly Dictionary<string, TaskCompletionSource> _gone = [];

    [Theory]
    [InlineData(30, 10, 20, 10, 2)]
    [InlineData(30, 0, 30, 0, 2)]
    [InlineData(5, 5, 0, 5, 0)]
    public async Task Each_pod_has_its_own_grace_where_that_is_less(
        int all, int critical, int normalGrace, int criticalGrace, int shortGrace)
    {
        await Sequence(all, critical).RunAsync(
            [
                Gone("normal", 0, null), Gone("critical", Critical, null), Gone("short", 0, 2), Gone("long", 0, 1000),
                Gone("forever", 0, long.MaxValue),
            ],
            CancellationToken.None);

        Assert.Equal(
            [("normal", normalGrace), ("short", shortGrace), ("long", normalGrace), ("forever", normalGrace),
                ("critical", criticalGrace)],
            _ended);
    }

    [Fact]
    public async Task Critical_pods_end_when_all_others_are_gone()
    {
        var running = Sequence(3600, 1800).RunAsync(
            [Pod("critical", Critical, null), Pod("a", 0, null), Pod("b", -5, null)], CancellationToken.None);

        Assert.Equal(["a", "b"], _ended.Select(static e => e.Name));
        _gone["a"].SetResult();
        Assert.Equal(2, _ended.Count);
        _gone["b"].SetResult();
        await _began["critical"].Task;
        Assert.False(running.IsCompleted);
        _gone["critical"].SetResult();
        await running;
    }

    [Fact]
    public async Task Who_has_had_its_time_keeps_nobody_waiting()
    {
        await Sequence(1, 0).RunAsync([Pod("stuck", Critical, null)], CancellationToken.None);

        Assert.Equal([("stuck", 0)], _ended);
    }

    [Fact]
    public async Task Nobody_waits_for_periods_without_pods()
    {
        await Sequence(3600, 1800).RunAsync([], CancellationToken.None);
        await Sequence(3600, 1800).RunAsync([Gone("critical", Critical, null)], CancellationToken.None);

        Assert.Equal([("critical", 1800)], _ended);
    }

    private static ShutdownSequence Sequence(int all, int critical) => new(
        ShutdownPeriod.Of(TimeSpan.FromSeconds(all), TimeSpan.FromSeconds(critical)), TimeProvider.System);

    private EndingPod Gone(string name, int priority, long? grace)
    {
        var pod = Pod(name, priority, grace);
        _gone[name].SetResult();
        return pod;
    }

    private EndingPod Pod(string name, int priority, long? grace)
    {
        var pod = TestPods.Pod(name, TestPods.Service("c"));
        (pod.Spec.Priority, pod.Spec.TerminationGracePeriodSeconds) = (priority, grace);
        (_began[name], _gone[name]) = (New(), New());
        return new EndingPod(pod, Begin, _gone[name].Task);

        void Begin(TimeSpan own)
        {
            _ended.Add((name, (int)own.TotalSeconds));
            _began[name].SetResult();
        }

        static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
