using OrleansOrchestrator.Silo.Hosting;
using Xunit;

namespace OrleansOrchestrator.Golden.Security;

/// <summary>What an operator configures of Pod Security, in upstream's form.</summary>
public sealed class AdmissionConfigurationTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void DefaultsAndExemptionsAreReadInlineOrFromAFile(bool inline)
    {
        string[] configuration =
        [
            "kind: PodSecurityConfiguration", "apiVersion: pod-security.admission.config.k8s.io/v1",
            "defaults: {enforce: baseline, enforce-version: v1.30, audit: restricted}",
            "exemptions: {usernames: [u], namespaces: [kube-system], runtimeClasses: [kata]}",
        ];
        File.WriteAllLines(Path.Combine(_folder, "pss.yaml"), configuration);
        var plugin = inline
            ? ["  configuration:", .. configuration.Select(l => "    " + l)] : new[] { "  path: pss.yaml" };
        var options = AdmissionConfigurationFile.Read(
            Write(["kind: AdmissionConfiguration", "plugins:", "- name: PodSecurity", .. plugin])).PodSecurity;
        Assert.Equal(
            "baseline:v1.30 restricted:latest privileged:latest",
            $"{options.Defaults.Enforce} {options.Defaults.Audit} {options.Defaults.Warn}");
        Assert.Equal(["u", "kube-system", "kata"], options.ExemptUsernames.Concat(options.ExemptNamespaces)
            .Concat(options.ExemptRuntimeClasses));
    }

    [Theory]
    [InlineData("kind: Pod", "is no AdmissionConfiguration.")]
    [InlineData("kind: AdmissionConfiguration\nplugins: [{name: LimitRanger}]",
        "the admission plugin \"LimitRanger\" takes no configuration.")]
    [InlineData("kind: AdmissionConfiguration\nplugins: [{name: EventRateLimit}]",
        "EventRateLimit: limits: Invalid value: []: must not be empty")]
    [InlineData(
        "kind: AdmissionConfiguration\nplugins: [{name: EventRateLimit, configuration: {kind: Configuration, "
        + "apiVersion: eventratelimit.admission.k8s.io/v1alpha1, limits: [{type: Server, qps: 0, burst: 1}, "
        + "{type: Cluster, qps: 1, burst: -1, cacheSize: -1}]}}]",
        "EventRateLimit: [limits[0].qps: Invalid value: 0: must be positive, "
        + "limits[1].type: Unsupported value: \"Cluster\": supported values: \"Namespace\", \"Server\", "
        + "\"SourceAndObject\", \"User\", limits[1].burst: Invalid value: -1: must be positive, "
        + "limits[1].cacheSize: Invalid value: -1: must not be negative]")]
    [InlineData(
        "kind: AdmissionConfiguration\nplugins: [{name: PodSecurity, path: none.yaml}]", "none.yaml does not exist.")]
    [InlineData(
        "kind: AdmissionConfiguration\nplugins: [{name: PodSecurity, configuration: {defaults: {enforce: strict}}}]",
        "must be one of privileged, baseline, restricted")]
    public void WhatCannotBeReadIsSaidInOneSentence(string text, string complaint)
    {
        var error = Assert.Throws<UserErrorException>(() => AdmissionConfigurationFile.Read(Write([text])));
        Assert.EndsWith(complaint, error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Write(IEnumerable<string> lines)
    {
        var path = Path.Combine(_folder, "admission.yaml");
        File.WriteAllLines(path, lines);
        return path;
    }
}
