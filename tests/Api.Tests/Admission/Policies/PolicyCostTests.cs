using System.Diagnostics;
using k8s.Models;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Api.Tests.Admission.Webhooks;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Admission.Policies;

/// <summary>What a policy costs a write. The figure is printed and not judged: machines differ.</summary>
public sealed class PolicyCostTests(ITestOutputHelper output)
{
    private const int Writes = 20_000;

    [Fact(Explicit = true)]
    public async Task APolicyOfTenComparisonsIsMeasured()
    {
        await using var host = await WebhookHost.StartAsync();
        var comparisons = string.Join(" && ", Enumerable.Range(0, 10).Select(i => $"object.data.k{i} == 'v{i}'"));
        await host.ValidateAsync("p", $"\"validations\":[{{\"expression\":\"{comparisons}\"}}]");
        var plugin = host.Api.Services.GetServices<IAdmissionPlugin>()
            .Single(p => p.Name == "ValidatingAdmissionPolicy");
        var attributes = new AdmissionAttributes
        {
            Operation = AdmissionOperation.Create,
            Definition = host.Api.Services.GetRequiredService<ResourceCatalog>().Current
                .Find(new ResourceName("", "configmaps"))!,
            Key = new ObjectKey("space", "x"),
            Object = new V1ConfigMap
            {
                ApiVersion = "v1", Kind = "ConfigMap",
                Metadata = new V1ObjectMeta { Name = "x", NamespaceProperty = "space" },
                Data = Enumerable.Range(0, 10).ToDictionary(i => $"k{i}", i => $"v{i}"),
            },
            User = new UserIdentity { Name = "admin" },
            Warnings = [],
        };
        var start = 0L;
        for (var i = -Writes; i < Writes; i++)
        {
            start = i == 0 ? Stopwatch.GetTimestamp() : start;
            Assert.Null(await plugin.ValidateAsync(attributes, CancellationToken.None));
        }

        var micros = Stopwatch.GetElapsedTime(start).TotalMicroseconds / Writes;
        output.WriteLine($"a policy of ten comparisons: {micros:F1} µs a write, its object's JSON included");
    }
}
