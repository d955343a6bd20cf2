using k8s.Models;
using OrleansOrchestrator.Resources.Batch.Jobs;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Batch.Jobs;

/// <summary>What a Job may say of itself, given what it said before.</summary>
public sealed class JobStatusRulesTests
{
    private static readonly DateTime Start = new(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void CompletesInOrder() => Assert.Empty(Check(Running(), Finished("SuccessCriteriaMet", "Complete")));

    [Fact]
    public void FailsInOrder()
    {
        var failed = Finished("FailureTarget", "Failed");
        failed.CompletionTime = null;
        Assert.Empty(Check(Running(), failed));
    }

    [Theory]
    [InlineData(
        "Complete",
        "status.conditions: cannot set Complete=True condition without the SuccessCriteriaMet=true condition")]
    [InlineData("Failed", "status.completionTime: cannot set completionTime when there is no Complete=True condition")]
    public void NeedsTheInterimCondition(string type, string finding) =>
        Assert.Contains(Check(Running(), Finished(type)), f => f == finding);

    [Fact]
    public void StaysFinished()
    {
        var findings = Check(Finished("SuccessCriteriaMet", "Complete"), Running());
        Assert.Contains("status.conditions: cannot disable the terminal Complete=True condition", findings);
        Assert.Contains("status.conditions: cannot disable the SuccessCriteriaMet=True condition", findings);
    }

    [Fact]
    public void KeepsItsCounters()
    {
        var old = Running();
        old.Failed = 2;
        Assert.Equal(["status.failed: cannot decrease the failed counter"], Check(old, Running()));
    }

    /// <summary>A status that broke a rule before can be written as long as it does not touch it.</summary>
    [Fact]
    public void AsksOnlyAboutWhatHasChanged()
    {
        var broken = Running();
        (broken.Ready, broken.Active) = (3, 1);
        var next = Running();
        (next.Ready, next.Active, next.Succeeded) = (3, 1, 1);
        Assert.Empty(Check(broken, next));
        Assert.Equal(["status.ready: cannot set more ready pods than active"], Check(Running(), next));
    }

    /// <summary>The time at which a Job began stays as long as it is not suspended.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(null)]
    public void KeepsItsStart(int? minutes)
    {
        var next = Running();
        next.StartTime = minutes is { } later ? Start.AddMinutes(later) : null;
        Assert.Equal(["status.startTime: field is immutable for unsuspended job once set"], Check(Running(), next));
    }

    /// <summary>And so does the time at which it ended.</summary>
    [Fact]
    public void KeepsItsEnd()
    {
        var next = Finished("SuccessCriteriaMet", "Complete");
        next.CompletionTime = Start.AddMinutes(2);
        Assert.Equal(
            ["status.completionTime: field is immutable"],
            Check(Finished("SuccessCriteriaMet", "Complete"), next));
    }

    private static V1JobStatus Running() => new() { StartTime = Start };

    private static V1JobStatus Finished(params string[] conditions) => new()
    {
        StartTime = Start, CompletionTime = Start.AddMinutes(1),
        Conditions = [.. conditions.Select(c => new V1JobCondition { Type = c, Status = "True" })],
    };

    /// <summary>The findings without the values that they quote.</summary>
    private static List<string> Check(V1JobStatus old, V1JobStatus next)
    {
        var spec = new V1JobSpec { Completions = 1, Parallelism = 1, CompletionMode = "NonIndexed" };
        var errors = new FieldErrors();
        new JobStatusRules(
            new V1Job { Spec = spec, Status = next }, new V1Job { Spec = spec, Status = old }, errors).Validate();
        return [.. errors.All.Select(e => $"{e.Field}: {Detail(e.Message)}")];
    }

    private static string Detail(string message) =>
        message[(message.LastIndexOf(": ", StringComparison.Ordinal) + 2)..];
}
