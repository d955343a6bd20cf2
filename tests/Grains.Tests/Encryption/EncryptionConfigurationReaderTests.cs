using System.Text;
using OrleansOrchestrator.Grains.Encryption;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Encryption;

/// <summary>What a configuration may say, and the complaints of upstream.</summary>
public sealed class EncryptionConfigurationReaderTests
{
    [Fact]
    public void TheFirstEntryThatNamesAResourceCounts()
    {
        var read = Read("""
            - resources: [secrets, widgets.example.com]
              providers: [{aesgcm: {keys: [{name: a, secret: MDEyMzQ1Njc4OWFiY2RlZg==}]}}, {identity: {}}]
            - resources: ["*.apps", "*."]
              providers: [{aesgcm: {keys: [{name: b, secret: MDEyMzQ1Njc4OWFiY2RlZg==}]}}]
            - resources: [pods.metrics.k8s.io]
              providers: [{aescbc: {keys: [{name: c, secret: MDEyMzQ1Njc4OWFiY2RlZg==}]}}]
            - resources: [nodes.metrics.k8s.io]
              providers: [{secretbox: {keys: [{name: d, secret: MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=}]}}]
            - resources: ["*.*"]
              providers: [{identity: {}}]
            """);

        Assert.Equal("k8s:enc:aesgcm:v1:a:", WritesWith(read, "secrets"));
        Assert.Equal("k8s:enc:aesgcm:v1:a:", WritesWith(read, "example.com/widgets"));
        Assert.Equal("k8s:enc:aesgcm:v1:b:", WritesWith(read, "configmaps"));
        Assert.Equal("k8s:enc:aesgcm:v1:b:", WritesWith(read, "apps/deployments"));
        Assert.Equal("k8s:enc:aescbc:v1:c:", WritesWith(read, "metrics.k8s.io/pods"));
        Assert.Equal("k8s:enc:secretbox:v1:d:", WritesWith(read, "metrics.k8s.io/nodes"));
        Assert.Equal("", WritesWith(read, "batch/jobs"));
    }

    [Fact]
    public void PluginsAreNamedByTheirSockets()
    {
        var read = Read("""
            - resources: [secrets]
              providers: [{kms: {apiVersion: v2, name: vault, endpoint: "unix:///run/vault.sock"}}, {identity: {}}]
            """);
        Assert.Equal("k8s:enc:kms:v2:vault:", WritesWith(read, "secrets"));
        Assert.True(read.UsesPlugins);
    }

    [Fact]
    public void WhatIsNotNamedIsLeftAlone() => Assert.Null(
        Read($"[{{resources: [secrets], providers: [{{identity: {{}}}}]}}]").Find(new ResourceName("", "pods")));

    [Theory]
    [InlineData("[]", "resources: Required value: at least one resources is required")]
    [InlineData(
        "[{providers: [{identity: {}}]}]",
        "resources[0].resources: Required value: at least one resources[0].resources is required")]
    [InlineData(
        "[{resources: [secrets]}]",
        "resources[0].providers: Required value: at least one resources[0].providers is required")]
    [InlineData(
        "[{resources: [secrets], providers: [{identity: {}, aesgcm: {keys: []}}]}]",
        "resources[0].providers[0]: Invalid value: more than one provider specified in a single element, "
            + "should split into different list elements")]
    [InlineData(
        "[{resources: [secrets], providers: [{}]}]",
        "resources[0].providers[0]: Invalid value: provider does not contain any of the expected providers: "
            + "KMS, AESGCM, AESCBC, Secretbox, Identity")]
    [InlineData(
        "[{resources: [secrets], providers: [{kms: {name: a, endpoint: 'unix:///a', cachesize: 5}}]}]",
        "resources[0].providers[0].kms.apiVersion: Invalid value: \"v1\": KMSv1 is deprecated and will only receive "
            + "security updates going forward. Use KMSv2 instead.  Set --feature-gates=KMSv1=true to use the "
            + "deprecated KMSv1 feature.")]
    [InlineData(
        "[{resources: [secrets], providers: [{kms: {apiVersion: v3, name: a, endpoint: 'unix:///a'}}]}]",
        "resources[0].providers[0].kms.apiVersion: Invalid value: \"v3\": unsupported apiVersion apiVersion for KMS "
            + "provider, only v1 and v2 are supported")]
    [InlineData(
        "[{resources: [secrets], providers: [{kms: {apiVersion: v2, timeout: 0s, cachesize: 5}}]}]",
        "resources[0].providers[0].kms.name: Required value: name is a mandatory field for a provider, "
            + "resources[0].providers[0].kms.timeout: Invalid value: \"0s\": timeout should be a positive value, "
            + "resources[0].providers[0].kms.endpoint: Invalid value: \"\": endpoint is a mandatory field for a kms, "
            + "resources[0].providers[0].kms.cachesize: Invalid value: 5: cachesize is not supported in v2")]
    [InlineData(
        "[{resources: [secrets], providers: [{kms: {apiVersion: v2, name: 'a:b', endpoint: 'tcp://host:1'}}]}]",
        "resources[0].providers[0].kms.name: Invalid value: \"a:b\": invalid KMS provider name a:b, must not contain "
            + "':', resources[0].providers[0].kms.endpoint: Invalid value: \"tcp://host:1\": unsupported scheme "
            + "\"tcp\" for KMS provider, only unix is supported")]
    [InlineData(
        "[{resources: [secrets], providers: [{kms: {apiVersion: v2, name: a, endpoint: 'unix:///a'}}]}, "
            + "{resources: [pods], providers: [{kms: {apiVersion: v2, name: a, endpoint: 'unix:///a'}}]}]",
        "resources[1].providers[0].kms.name: Invalid value: \"a\": duplicate KMS provider name a, names must be "
            + "unique")]
    [InlineData(
        "[{resources: [secrets], providers: [{secretbox: {keys: []}}]}]",
        "resources[0].providers[0].secretbox.keys: Required value: at least one keys is required")]
    [InlineData(
        "[{resources: [secrets], providers: [{secretbox: {keys: [{name: a, secret: MDEyMzQ1Njc4OWFiY2RlZg==}]}}]}]",
        "resources[0].providers[0].secretbox.keys[0].secret: Invalid value: \"REDACTED\": "
            + "secret is not of the expected length, got 16, expected one of [32]")]
    [InlineData(
        "[{resources: [secrets], providers: [{aescbc: {keys: [{name: a, secret: c2hvcnQ=}]}}]}]",
        "resources[0].providers[0].aescbc.keys[0].secret: Invalid value: \"REDACTED\": "
            + "secret is not of the expected length, got 5, expected one of [16 24 32]")]
    [InlineData(
        "[{resources: [secrets], providers: [{aesgcm: {keys: []}}]}]",
        "resources[0].providers[0].aesgcm.keys: Required value: at least one keys is required")]
    [InlineData(
        "[{resources: [secrets], providers: [{aesgcm: {keys: [{secret: MDEyMzQ1Njc4OWFiY2RlZg==}]}}]}]",
        "resources[0].providers[0].aesgcm.keys[0].name: Required value: name is a mandatory field for a key")]
    [InlineData(
        "[{resources: [secrets], providers: [{aesgcm: {keys: [{name: a}]}}]}]",
        "resources[0].providers[0].aesgcm.keys[0].secret: Required value: secret is a mandatory field for a key")]
    [InlineData(
        "[{resources: [secrets], providers: [{aesgcm: {keys: [{name: a, secret: '!'}]}}]}]",
        "resources[0].providers[0].aesgcm.keys[0].secret: Invalid value: \"REDACTED\": secrets must be base64 encoded")]
    [InlineData(
        "[{resources: [secrets], providers: [{aesgcm: {keys: [{name: a, secret: c2hvcnQ=}]}}]}]",
        "resources[0].providers[0].aesgcm.keys[0].secret: Invalid value: \"REDACTED\": "
            + "secret is not of the expected length, got 5, expected one of [16 24 32]")]
    [InlineData(
        "[{resources: ['*'], providers: [{identity: {}}]}]",
        "resources[0].resources[0]: Invalid value: \"*\": "
            + "use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources")]
    [InlineData(
        "[{resources: [Secrets], providers: [{identity: {}}]}]",
        "resources[0].resources[0]: Invalid value: \"Secrets\": resource name should not contain capital letters")]
    [InlineData(
        "[{resources: [events.events.k8s.io], providers: [{identity: {}}]}]",
        "resources[0].resources[0]: Invalid value: \"events.events.k8s.io\": '*.events.k8s.io' objects are stored "
            + "using the 'events' API group in etcd. Use 'events' instead in the config file")]
    [InlineData(
        "[{resources: ['secrets.*'], providers: [{identity: {}}]}]",
        "resources[0].resources[0]: Invalid value: \"secrets.*\": "
            + "encrypting the same resource across groups is not supported")]
    [InlineData("[{resources: [secrets], provider: []}]", "$.resources[0].provider: no such field, or not of its type")]
    public void Complaints(string resources, string complaint) =>
        Assert.Equal(complaint, Assert.Throws<FormatException>(() => Read(resources)).Message);

    [Theory]
    [InlineData("[secrets, secrets]", "the same resource cannot be specified multiple times")]
    [InlineData("[secrets, '*.']", "using overlapping resources")]
    [InlineData("['*.*', deployments.apps]", "using overlapping resources")]
    public void NamesThatHideEachOther(string resources, string complaint) => Assert.Contains(
        complaint,
        Assert.Throws<FormatException>(
            () => Read($"[{{resources: {resources}, providers: [{{identity: {{}}}}]}}]")).Message,
        StringComparison.Ordinal);

    [Fact]
    public void OtherKindsAreRefused() => Assert.Equal(
        "this is no EncryptionConfiguration of apiserver.config.k8s.io/v1",
        Assert.Throws<FormatException>(
            () => EncryptionConfigurationReader.Read("{apiVersion: v1, kind: EncryptionConfiguration}"u8)).Message);

    private static string WritesWith(EncryptionConfiguration configuration, string resource) =>
        configuration.Find(ResourceName.Parse(resource))!.WritesWith;

    private static EncryptionConfiguration Read(string resources) => EncryptionConfigurationReader.Read(
        Encoding.UTF8.GetBytes(
            "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\n"
            + $"resources:{(resources[0] == '[' ? ' ' : '\n')}{resources}\n"));
}
