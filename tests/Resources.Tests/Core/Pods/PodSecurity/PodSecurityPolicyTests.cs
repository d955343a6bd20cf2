using OrleansOrchestrator.Resources.Core.Pods.PodSecurity;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Core.Pods.PodSecurity;

/// <summary>What labels of a namespace ask for.</summary>
public sealed class PodSecurityPolicyTests
{
    [Theory]
    [InlineData("", "privileged:latest privileged:latest privileged:latest")]
    [InlineData("enforce=baseline", "baseline:latest privileged:latest baseline:latest")]
    [InlineData("enforce=restricted,enforce-version=v1.20", "restricted:v1.20 privileged:latest restricted:v1.20")]
    [InlineData("enforce=restricted,enforce-version=v1.20,warn-version=v1.30",
        "restricted:v1.20 privileged:latest restricted:v1.30")]
    [InlineData("enforce=restricted,warn=baseline", "restricted:latest privileged:latest baseline:latest")]
    [InlineData("enforce=baseline,warn=privileged", "baseline:latest privileged:latest privileged:latest")]
    [InlineData("audit=restricted,audit-version=v1.36", "privileged:latest restricted:v1.36 privileged:latest")]
    [InlineData("enforce-version=v1.1", "privileged:v1.1 privileged:latest privileged:latest")]
    [InlineData("enforce=bad", "restricted:latest privileged:latest privileged:latest", "enforce")]
    [InlineData("enforce=bad,audit=,warn=Baseline", "restricted:latest privileged:latest privileged:latest", "enforce",
        "audit", "warn")]
    [InlineData("enforce-version=1.1,audit-version=v1.01,warn-version=v1.",
        "privileged:latest privileged:latest privileged:latest",
        "enforce-version", "audit-version", "warn-version")]
    [InlineData("warn-version=v1.99999999999999999999", "privileged:latest privileged:latest privileged:latest",
        "warn-version")]
    public void LabelsChooseThePolicy(string labels, string expected, params string[] bad)
    {
        const string Prefix = "pod-security.kubernetes.io/";
        var map = labels.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split('='))
            .ToDictionary(l => Prefix + l[0], l => l[1]);
        var errors = new FieldErrors();
        var policy = PodSecurityPolicy.Of(map, PodSecurityPolicy.Privileged, errors);
        Assert.Equal(expected, $"{policy.Enforce} {policy.Audit} {policy.Warn}");
        Assert.Equal(bad.Select(b => $"metadata.labels[{Prefix}{b}]"), errors.All.Select(e => e.Field));
        Assert.All(errors.All, e => Assert.EndsWith(
            e.Field.Contains("version", StringComparison.Ordinal)
                ? ": must be \"latest\" or \"v1.x\"" : ": must be one of privileged, baseline, restricted",
            e.Message, StringComparison.Ordinal));
    }
}
