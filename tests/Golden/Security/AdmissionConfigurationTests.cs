using OrleansOrchestrator.Silo.Hosting;
using Xunit;

namespace OrleansOrchestrator.Golden.Security;

/// <summary>What an operator configures of admission, in upstream's form.</summary>
public sealed class AdmissionConfigurationTests : IDisposable
{
    private const string Pss = "plugins: [{name: PodSecurity, configuration: {kind: PodSecurityConfiguration, "
        + "apiVersion: pod-security.admission.config.k8s.io/v1, ";

    private static readonly string[] Head =
        ["kind: AdmissionConfiguration", "apiVersion: apiserver.config.k8s.io/v1"];

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
            Write([.. Head, "plugins:", "- name: PodSecurity", .. plugin])).PodSecurity;
        Assert.Equal(
            "baseline:v1.30 restricted:latest privileged:latest",
            $"{options.Defaults.Enforce} {options.Defaults.Audit} {options.Defaults.Warn}");
        Assert.Equal(["u", "kube-system", "kata"], options.ExemptUsernames.Concat(options.ExemptNamespaces)
            .Concat(options.ExemptRuntimeClasses));
    }

    [Theory]
    [InlineData("ResourceQuotaConfiguration", "apiserver.config.k8s.io/v1")]
    [InlineData("Configuration", "resourcequota.admission.k8s.io/v1beta1")]
    [InlineData("Configuration", "resourcequota.admission.k8s.io/v1alpha1")]
    public void LimitsThatOnlyQuotasLiftAreRead(string kind, string version)
    {
        var limits = AdmissionConfigurationFile.Read(Write(
        [
            .. Head, "plugins:", "- name: ResourceQuota", "  configuration:",
            $"    kind: {kind}", $"    apiVersion: {version}",
            "    limitedResources:",
            "    - resource: pods",
            "      matchScopes: [{scopeName: PriorityClass, operator: In, values: [cluster-services]}]",
            "    - {apiGroup: apps, resource: deployments, matchContains: [count/]}",
        ])).QuotaLimits.Resources;

        Assert.Equal(["pods", "deployments.apps"], limits.Select(static l => l.Resource.Qualified));
        var scope = Assert.Single(limits[0].MatchScopes);
        Assert.Equal(("PriorityClass", "In"), (scope.ScopeName, scope.OperatorProperty));
        Assert.Equal(["cluster-services"], scope.Values);
        Assert.Equal(["count/"], limits[1].MatchContains);
    }

    /// <summary>Each plugin of webhooks has a kubeconfig of its own.</summary>
    [Fact]
    public void UsersForWebhooksAreRead()
    {
        var kubeconfig = Path.Combine(_folder, "users");
        File.WriteAllText(
            kubeconfig, "{apiVersion: v1, kind: Config, users: [{name: '*.space.svc', user: {token: t}}]}");
        var users = AdmissionConfigurationFile.Read(Write(
        [
            .. Head, "plugins:", "- name: ValidatingAdmissionWebhook", "  configuration:",
            "    kind: WebhookAdmissionConfiguration", "    apiVersion: apiserver.config.k8s.io/v1",
            $"    kubeConfigFile: {kubeconfig}",
        ])).HookUsers;
        Assert.Equal("Bearer t", users.Validating.Find("hooks.space.svc", 443)?.Authorization);
        Assert.Null(users.Validating.Find("hooks.other.svc", 443));
        Assert.Null(users.Mutating.Find("hooks.space.svc", 443));
    }

    [Theory]
    [InlineData("plugins: [{name: MutatingAdmissionWebhook, configuration: {kind: WebhookAdmissionConfiguration, "
        + "apiVersion: apiserver.config.k8s.io/v1, kubeConfigFile: users}}]",
        "MutatingAdmissionWebhook: kubeConfigFile: Invalid value: \"users\": must be an absolute file path")]
    [InlineData("plugins: [{name: MutatingAdmissionWebhook, configuration: {kind: WebhookAdmission, "
        + "apiVersion: apiserver.config.k8s.io/v1alpha1, kubeConfigFile: users}}]",
        "MutatingAdmissionWebhook: kubeConfigFile: Invalid value: \"users\": must be an absolute file path")]
    [InlineData("plugins: [{name: ResourceQuota, configuration: {kind: ResourceQuotaConfiguration, "
        + "apiVersion: apiserver.config.k8s.io/v1, limitedResources: [{matchContains: [x]}]}}]",
        "ResourceQuota: limitedResources[0].resource: Required value")]
    [InlineData("plugins: [{name: LimitRanger}]",
        "the admission plugin \"LimitRanger\" takes no configuration.")]
    [InlineData("plugins: [{name: EventRateLimit}]",
        "EventRateLimit: limits: Invalid value: []: must not be empty")]
    [InlineData(
        "plugins: [{name: EventRateLimit, configuration: {kind: Configuration, "
        + "apiVersion: eventratelimit.admission.k8s.io/v1alpha1, limits: [{type: Server, qps: 0, burst: 1}, "
        + "{type: Cluster, qps: 1, burst: -1, cacheSize: -1}]}}]",
        "EventRateLimit: [limits[0].qps: Invalid value: 0: must be positive, "
        + "limits[1].type: Unsupported value: \"Cluster\": supported values: \"Namespace\", \"Server\", "
        + "\"SourceAndObject\", \"User\", limits[1].burst: Invalid value: -1: must be positive, "
        + "limits[1].cacheSize: Invalid value: -1: must not be negative]")]
    [InlineData(
        "plugins: [{name: PodSecurity, path: none.yaml}]", "none.yaml does not exist.")]
    [InlineData(
        "plugins: [{name: PodSecurity, configuration: {defaults: {enforce: baseline}}}]",
        "PodSecurity: Object 'Kind' is missing in configuration")]
    [InlineData(
        Pss + "defaults: {enforce: strict, warn-version: v2}}}]",
        "PodSecurity: [defaults.enforce: Invalid value: \"strict\": must be one of privileged, baseline, restricted, "
        + "defaults.warn-version: Invalid value: \"v2\": must be \"latest\" or \"v1.x\"]")]
    [InlineData(
        Pss + "exemptions: {usernames: [a, a, ''], runtimeClasses: [kata, kata]}}}]",
        "PodSecurity: [exemptions.runtimeClasses[1]: Duplicate value: \"kata\", "
        + "exemptions.usernames[1]: Duplicate value: \"a\", "
        + "exemptions.usernames[2]: Invalid value: \"\": username must not be empty]")]
    [InlineData(
        Pss + "default: {enforce: baseline}}}]", "PodSecurity: strict decoding error: unknown field \"default\"")]
    public void WhatCannotBeReadIsSaidInOneSentence(string text, string complaint)
    {
        var error = Assert.Throws<UserErrorException>(() => AdmissionConfigurationFile.Read(Write([.. Head, text])));
        Assert.EndsWith(complaint, error.Message, StringComparison.Ordinal);
    }

    /// <summary>Upstream decodes these without strictness.</summary>
    [Theory]
    [InlineData("plugin: []")]
    [InlineData("plugins: [{name: PodSecurity, paths: x}]")]
    [InlineData("plugins: [{name: ResourceQuota, configuration: {kind: ResourceQuotaConfiguration, "
        + "apiVersion: apiserver.config.k8s.io/v1, limits: []}}]")]
    [InlineData("plugins: [{name: EventRateLimit, configuration: {kind: Configuration, apiVersion: "
        + "eventratelimit.admission.k8s.io/v1alpha1, limits: [{type: Server, qps: 1, burst: 1, bursts: 1}]}}]")]
    public void FieldsThatNobodyKnowsArePassedOver(string text) =>
        Assert.NotNull(AdmissionConfigurationFile.Read(Write([.. Head, text])));

    [Fact]
    public void TheOldestVersionOfTheWholeIsReadToo() => Assert.Null(AdmissionConfigurationFile.Read(
        Write(["kind: AdmissionConfiguration", "apiVersion: apiserver.k8s.io/v1alpha1"])).EventRateLimits);

    [Theory]
    [InlineData("Configuration", "apiserver.config.k8s.io/v1")]
    [InlineData("ResourceQuotaConfiguration", "resourcequota.admission.k8s.io/v1beta1")]
    public void EachVersionHasItsKind(string kind, string version) => Assert.EndsWith(
        $"no kind \"{kind}\" is registered for version \"{version}\"; known is ResourceQuotaConfiguration of "
        + "apiserver.config.k8s.io/v1, and Configuration of resourcequota.admission.k8s.io/v1beta1, "
        + "resourcequota.admission.k8s.io/v1alpha1",
        Assert.Throws<UserErrorException>(() => AdmissionConfigurationFile.Read(Write(
        [
            .. Head, $"plugins: [{{name: ResourceQuota, configuration: {{kind: {kind}, apiVersion: {version}}}}}]",
        ]))).Message,
        StringComparison.Ordinal);

    [Fact]
    public void AnotherKindIsNone() => Assert.Contains(
        "no kind \"Pod\" is registered for version \"v1\"",
        Assert.Throws<UserErrorException>(
            () => AdmissionConfigurationFile.Read(Write(["kind: Pod", "apiVersion: v1"]))).Message,
        StringComparison.Ordinal);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Write(IEnumerable<string> lines)
    {
        var path = Path.Combine(_folder, "admission.yaml");
        File.WriteAllLines(path, lines);
        return path;
    }
}
