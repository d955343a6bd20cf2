using System.Diagnostics.Metrics;
using OrleansOrchestrator.Resources.ApiExtensions.Rules;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.ApiExtensions.Rules;

public sealed class RuleMeterTests
{
    /// <summary>Each value's rules to compile, all of an object to evaluate, as upstream has it.</summary>
    [Fact]
    public void Compiling_and_evaluating_rules_is_measured()
    {
        var (seen, thread) = (new List<string>(), Environment.CurrentManagedThreadId);
        using var listener = new MeterListener();
        listener.InstrumentPublished = static (instrument, hearing) =>
        {
            if (instrument.Meter.Name == "OrleansOrchestrator.Rules")
            {
                hearing.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) =>
        {
            // Other tests have rules of their own, on other threads.
            if (Environment.CurrentManagedThreadId == thread && value > 0)
            {
                seen.Add(instrument.Name);
            }
        });
        listener.Start();
        var rules = RuleTree.Of(
            JsonSchema.Parse(
                """
                {"type":"object","x-kubernetes-validations":[{"rule":"self.a > 0"},{"rule":"self.a < 9"}],"properties":
                {"a":{"type":"integer","x-kubernetes-validations":[{"rule":"self != 5"}]},"b":{"type":"string"}}}
                """),
            isRoot: false)!;
        rules.Validate("""{"a":1,"b":"x"}"""u8.ToArray(), null, new FieldErrors());

        Assert.Equal(
            [
                "apiserver_cel_compilation_duration_seconds", "apiserver_cel_compilation_duration_seconds",
                "apiserver_cel_evaluation_duration_seconds",
            ],
            seen);
    }
}
