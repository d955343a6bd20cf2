using System.Diagnostics.Metrics;
using k8s.Models;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Api.Metrics;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Admission;

/// <summary>Each plugin is asked in the rounds that it has, and its time is measured under upstream's names.</summary>
public sealed class AdmissionChainTests
{
    private const string Prefix = "apiserver_admission_";

    [Fact]
    public async Task PluginsAndRoundsAreTimed()
    {
        await using var host = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var meters = host.GetRequiredService<IMeterFactory>();
        using var collector = new MetricCollector(meters);
        var chain = new AdmissionChain(
            [new Refusing(), new Changing()], new AdmissionOptions(), new AdmissionMetrics(meters), TimeProvider.System);
        var item = new V1ConfigMap { Metadata = new V1ObjectMeta { Name = "c" } };
        var attributes = new AdmissionAttributes
        {
            Operation = AdmissionOperation.Update, Key = new ObjectKey("default", "c"), Object = item,
            Definition = BuiltInResources.Table.Find(WellKnown.ConfigMaps)!, User = new UserIdentity { Name = "jane" },
            Warnings = [],
        };

        Assert.Null(await chain.MutateAsync(attributes, CancellationToken.None));
        Assert.Same(Refusing.Refusal, await chain.ValidateAsync(attributes, CancellationToken.None));

        Assert.Equal("yes", item.Data["changed"]);
        string[] counts =
        [
            .. PrometheusWriter.Write(collector.Collect()).Split('\n').Where(
                static l => l.StartsWith(Prefix, StringComparison.Ordinal)
                    && l.Contains("_count", StringComparison.Ordinal)).Order(StringComparer.Ordinal),
        ];
        Assert.Equal(
            [
                Controller("LimitRanger", "admit", "false"), Controller("ResourceQuota", "validate", "true"),
                Step("admit", "false"), Step("validate", "true"),
            ],
            counts);
    }

    private static string Controller(string name, string type, string rejected) =>
        $"{Prefix}controller_admission_duration_seconds_count{{name=\"{name}\",type=\"{type}\","
        + $"operation=\"UPDATE\",rejected=\"{rejected}\"}} 1";

    private static string Step(string type, string rejected) =>
        $"{Prefix}step_admission_duration_seconds_count{{type=\"{type}\",operation=\"UPDATE\","
        + $"rejected=\"{rejected}\"}} 1";

    private sealed class Changing : IAdmissionPlugin
    {
        public string Name => "LimitRanger";

        public bool Handles(AdmissionAttributes attributes) => true;

        public ValueTask<Status?> MutateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
        {
            ((V1ConfigMap)attributes.Object!).Data = new Dictionary<string, string> { ["changed"] = "yes" };
            return new((Status?)null);
        }
    }

    private sealed class Refusing : IAdmissionPlugin
    {
        public static readonly Status Refusal = StatusErrors.BadRequest("no");

        public string Name => "ResourceQuota";

        public bool Handles(AdmissionAttributes attributes) => true;

        public ValueTask<Status?> ValidateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken) =>
            new(Refusal);
    }
}
