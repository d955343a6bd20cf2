using System.Diagnostics.Metrics;
using System.Globalization;
using k8s;
using k8s.Models;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Api.Health;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Metrics;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Core.Pods.PodSecurity;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Admission;

/// <summary>What the audit log and metrics are told of Pod Security, in upstream's words.</summary>
public sealed class PodSecurityPluginTests
{
    private const string Found = "host namespaces (hostNetwork=true)";
    private const string Allowed = "evaluations_total{decision=\"allow\",policy_level=";
    private const string Denied = "evaluations_total{decision=\"deny\",policy_level=";

    [Theory]
    [InlineData("", "pods", "enforce-policy=privileged:latest",
        Allowed + "\"privileged\",policy_version=\"latest\",mode=\"enforce\",")]
    [InlineData("", "deployments", "", "")]
    [InlineData("enforce=baseline warn=privileged", "pods", "enforce-policy=baseline:latest",
        Denied + "\"baseline\",policy_version=\"latest\",mode=\"enforce\",")]
    [InlineData("audit=baseline audit-version=v1.30", "pods",
        "audit-violations=would violate PodSecurity \"baseline:v1.30\": " + Found + ";enforce-policy=privileged:latest",
        Allowed + "\"privileged\",policy_version=\"latest\",mode=\"enforce\"," + ";"
        + Denied + "\"baseline\",policy_version=\"v1.30\",mode=\"audit\",")]
    [InlineData("warn=baseline warn-version=v1.99", "deployments", "",
        Denied + "\"baseline\",policy_version=\"future\",mode=\"warn\",")]
    [InlineData("warn=odd", "pods",
        "enforce-policy=privileged:latest;error=Failed to parse policy: "
        + "metadata.labels[pod-security.kubernetes.io/warn]: "
        + "Invalid value: \"odd\": must be one of privileged, baseline, restricted",
        "errors_total{fatal=\"false\",;" + Allowed + "\"privileged\",policy_version=\"latest\",mode=\"enforce\",")]
    [InlineData("enforce=baseline", "pods", "exempt=user", "exemptions_total{", "jane")]
    public async Task EachWriteLeavesItsMarks(
        string labels, string resource, string annotations, string counts, string exempt = "nobody")
    {
        await using var world = await TestSilos.StartAsync();
        await using var host = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var meters = host.GetRequiredService<IMeterFactory>();
        using var collector = new MetricCollector(meters);
        var plugin = new PodSecurityPlugin(
            new ObjectReader(world.Caches, [new Spaces(labels)]),
            new PodSecurityOptions { ExemptUsernames = new HashSet<string> { exempt } },
            new PodSecurityMetrics(meters), TimeProvider.System);
        var audit = new AuditRecord
        {
            Level = AuditLevel.Metadata, Id = "a", Uri = "/", Request = new RequestInfo { Path = "/", Verb = "create" },
            User = new UserIdentity { Name = "jane" }, Received = DateTimeOffset.UnixEpoch,
        };

        await plugin.ValidateAsync(Creation(resource, audit), TestContext.Current.CancellationToken);

        const string Prefix = "pod-security.kubernetes.io/";
        Assert.Equal(
            annotations,
            string.Join(';', audit.Annotations().Select(static a => $"{a.Key[Prefix.Length..]}={a.Value}").Order(
                StringComparer.Ordinal)));
        var tail = $"request_operation=\"create\",resource=\"{(resource == "pods" ? "pod" : "controller")}\","
            + "subresource=\"\"} 1";
        Assert.Equal(
            counts.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(c => $"pod_security_{c}{tail}"),
            PrometheusWriter.Write(collector.Collect()).Split('\n')
                .Where(static l => l.StartsWith("pod_security_", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal));
    }

    [Fact]
    public void TheNewestVersionIsThatOfTheApi() => Assert.Equal(
        VersionHandler.Minor, PodSecurityVersion.Newest.ToString(CultureInfo.InvariantCulture));

    private static AdmissionAttributes Creation(string resource, AuditRecord audit)
    {
        var spec = new V1PodSpec { HostNetwork = true, Containers = [new V1Container { Name = "c", Image = "i" }] };
        return new AdmissionAttributes
        {
            Operation = AdmissionOperation.Create,
            Definition = BuiltInResources.Table.Find(new ResourceName(resource == "pods" ? "" : "apps", resource))!,
            Key = new ObjectKey("n", "x"),
            Object = resource == "pods"
                ? new V1Pod { Metadata = new V1ObjectMeta { Name = "x" }, Spec = spec }
                : new V1Deployment
                {
                    Metadata = new V1ObjectMeta { Name = "x" },
                    Spec = new V1DeploymentSpec { Template = new V1PodTemplateSpec { Spec = spec } },
                },
            User = audit.User!,
            Warnings = [],
            Audit = audit,
        };
    }

    /// <summary>One namespace with labels of Pod Security.</summary>
    private sealed class Spaces(string labels) : IObjectSource
    {
        public ResourceName Resource => WellKnown.Namespaces;

        public ValueTask<IReadOnlyList<IKubernetesObject<V1ObjectMeta>>> ListAsync(CancellationToken cancellationToken)
        {
            var space = new V1Namespace
            {
                ApiVersion = "v1",
                Kind = "Namespace",
                Metadata = new V1ObjectMeta
                {
                    Name = "n",
                    Labels = labels.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(static l => l.Split('='))
                        .ToDictionary(static l => $"pod-security.kubernetes.io/{l[0]}", static l => l[1]),
                },
            };
            return ValueTask.FromResult<IReadOnlyList<IKubernetesObject<V1ObjectMeta>>>([space]);
        }
    }
}
