using k8s.Models;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>Pods of a Job fail and succeed until it is complete.</summary>
internal class JobPlay(string mode) : CrashPlay
{
    protected override int Acts => 4;

    protected override string Name(string name)
    {
        var parts = name.Split('-');
        return parts[0] == "j" && parts.Length > 1 ? $"j-{string.Join('-', parts[1..^1])}(next)" : name;
    }

    protected override void SetUp() => World.AddJob(
        "j", s => (s.Parallelism, s.Completions, s.CompletionMode) = (2, 3, mode));

    protected override void Change(int act)
    {
        foreach (var pod in World.ActivePods().Take(act switch { 0 => 0, 3 => 3, _ => 1 }))
        {
            World.Finish(pod.Metadata.Name, act == 1 ? 1 : 0, TimeSpan.FromHours(1));
        }
    }

    protected override void Step() => World.Step<V1Job>("j");

    protected override void LoseMemory() => World.LoseActivations();

    protected override void Check()
    {
        var status = World.Api.Find<V1Job>("default", "j")!.Status;
        Assert.True(World.ActivePods().Count <= 2, "no more pods than parallelism");
        Assert.True(
            (status?.Succeeded ?? 0) <= World.Api.All<V1Pod>().Count(p => p.Status.Phase == "Succeeded"),
            "nothing is counted twice");
    }
}
