using k8s.Models;
using OrleansOrchestrator.Interfaces.Core.Services;
using OrleansOrchestrator.Resources.Core.Services;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Core.Services;

/// <summary>Which families and addresses Services get, on clusters of one family and of two.</summary>
public sealed class ServiceFamiliesTests
{
    private const string Four = "10.96.0.0/16";
    private const string Six = "fd00:10:96::/112";

    private static readonly ServiceStrategy Strategy = new();

    /// <summary>
    /// What is asked, as <c>policy families addresses</c> with a dash for nothing, and what comes of it, in the same
    /// form; addresses that were given out end with 9.
    /// </summary>
    [Theory]
    [InlineData(Four, "- - -", "SingleStack IPv4 10.96.0.9")]
    [InlineData(Four, "PreferDualStack - -", "PreferDualStack IPv4 10.96.0.9")]
    [InlineData(Four, "SingleStack IPv4 10.96.0.7", "SingleStack IPv4 10.96.0.7")]
    [InlineData($"{Four},{Six}", "- - -", "SingleStack IPv4 10.96.0.9")]
    [InlineData($"{Four},{Six}", "SingleStack IPv6 -", "SingleStack IPv6 fd00:10:96::9")]
    [InlineData($"{Four},{Six}", "- IPv6 -", "SingleStack IPv6 fd00:10:96::9")]
    [InlineData($"{Four},{Six}", "- - fd00:10:96::7", "SingleStack IPv6 fd00:10:96::7")]
    [InlineData($"{Four},{Six}", "PreferDualStack - -", "PreferDualStack IPv4,IPv6 10.96.0.9,fd00:10:96::9")]
    [InlineData($"{Four},{Six}", "RequireDualStack - -", "RequireDualStack IPv4,IPv6 10.96.0.9,fd00:10:96::9")]
    [InlineData($"{Four},{Six}", "RequireDualStack IPv6 -", "RequireDualStack IPv6,IPv4 fd00:10:96::9,10.96.0.9")]
    [InlineData(
        $"{Four},{Six}", "PreferDualStack IPv6,IPv4 fd00:10:96::7",
        "PreferDualStack IPv6,IPv4 fd00:10:96::7,10.96.0.9")]
    [InlineData(
        $"{Four},{Six}", "RequireDualStack - 10.96.0.7,fd00:10:96::7",
        "RequireDualStack IPv4,IPv6 10.96.0.7,fd00:10:96::7")]
    [InlineData($"{Six},{Four}", "- - -", "SingleStack IPv6 fd00:10:96::9")]
    [InlineData($"{Six},{Four}", "PreferDualStack - -", "PreferDualStack IPv6,IPv4 fd00:10:96::9,10.96.0.9")]
    [InlineData(Six, "PreferDualStack - -", "PreferDualStack IPv6 fd00:10:96::9")]
    [InlineData(Four, "- - None", "SingleStack IPv4 None")]
    [InlineData(Four, "PreferDualStack - None", "PreferDualStack IPv4 None")]
    [InlineData($"{Four},{Six}", "RequireDualStack - None", "RequireDualStack IPv4,IPv6 None")]
    [InlineData($"{Four},{Six}", "SingleStack IPv6 None", "SingleStack IPv6 None")]
    public void A_new_service_gets(string ranges, string asked, string given)
    {
        var (spec, errors) = Create(ranges, Asked(asked));
        Assert.Empty(errors);
        Assert.Equal(given, Shown(spec));
        Assert.Equal(spec.ClusterIPs[0], spec.ClusterIP);
    }

    [Theory]
    [InlineData(Four, "- - None", "RequireDualStack IPv4,IPv6 None")]
    [InlineData(Four, "SingleStack - None", "SingleStack IPv4 None")]
    [InlineData(Six, "- - None", "RequireDualStack IPv6,IPv4 None")]
    [InlineData(Four, "PreferDualStack IPv6 None", "PreferDualStack IPv6,IPv4 None")]
    public void A_headless_service_without_selector_has_any_families(string ranges, string asked, string given)
    {
        var wanted = Asked(asked);
        wanted.Selector = null;
        var (spec, errors) = Create(ranges, wanted);
        Assert.Empty(errors);
        Assert.Equal(given, Shown(spec));
    }

    [Theory]
    [InlineData(
        Four, "RequireDualStack - -",
        "spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": "
            + "this cluster is not configured for dual-stack services")]
    [InlineData(Four, "- IPv6 -", "spec.ipFamilies[0]: Invalid value: \"IPv6\": not configured on this cluster")]
    [InlineData(Six, "- IPv4 -", "spec.ipFamilies[0]: Invalid value: \"IPv4\": not configured on this cluster")]
    [InlineData(
        Four, "- - fd00:10:96::7",
        "spec.clusterIPs[0]: Invalid value: [\"fd00:10:96::7\"]: IPv6 is not configured on this cluster")]
    [InlineData(
        $"{Four},{Six}", "SingleStack IPv4,IPv6 -",
        "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": "
            + "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified")]
    [InlineData(
        $"{Four},{Six}", "- - 10.96.0.7,fd00:10:96::7",
        "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": "
            + "must be 'RequireDualStack' or 'PreferDualStack' when multiple cluster IPs are specified")]
    [InlineData(
        $"{Four},{Six}", "RequireDualStack IPv4 fd00:10:96::7",
        "spec.clusterIPs[0]: Invalid value: \"fd00:10:96::7\": expected an IPv4 value as indicated by `ipFamilies[0]`")]
    [InlineData(
        $"{Four},{Six}", "RequireDualStack - 10.96.0.7,10.96.0.8",
        "spec.clusterIPs: Invalid value: [\"10.96.0.7\",\"10.96.0.8\"]: "
            + "may specify no more than one IP for each IP family")]
    [InlineData($"{Four},{Six}", "RequireDualStack IPv4,IPv4 -", "spec.ipFamilies[1]: Duplicate value: \"IPv4\"")]
    [InlineData(
        $"{Four},{Six}", "RequireDualStack - 10.96.0.7,fd00::1",
        "spec.clusterIPs: Invalid value: [\"10.96.0.7\",\"fd00::1\"]: failed to allocate IP fd00::1: "
            + "the provided IP (fd00::1) is not in the valid range. The range of valid IPs is fd00:10:96::/112")]
    [InlineData(
        $"{Four},{Six}", "RequireDualStack IPv6,IPv4 fd00:10:96::7,10.97.0.1",
        "spec.clusterIPs: Invalid value: [\"fd00:10:96::7\",\"10.97.0.1\"]: failed to allocate IP 10.97.0.1: "
            + "the provided IP (10.97.0.1) is not in the valid range. The range of valid IPs is 10.96.0.0/16")]
    public void A_new_service_is_refused_in_upstreams_words(string ranges, string asked, string finding) =>
        Assert.Equal([finding], Create(ranges, Asked(asked)).Errors);

    /// <summary>A Service as it was made, an update, and what comes of it; a dash leaves a field out.</summary>
    [Theory]
    [InlineData("- - -", "PreferDualStack - -", "PreferDualStack IPv4,IPv6 10.96.0.9,fd00:10:96::10")]
    [InlineData("- - -", "RequireDualStack IPv4 10.96.0.9", "RequireDualStack IPv4,IPv6 10.96.0.9,fd00:10:96::10")]
    [InlineData(
        "- - -", "RequireDualStack - 10.96.0.9,fd00:10:96::7",
        "RequireDualStack IPv4,IPv6 10.96.0.9,fd00:10:96::7")]
    [InlineData("- IPv6 -", "PreferDualStack - -", "PreferDualStack IPv6,IPv4 fd00:10:96::9,10.96.0.10")]
    [InlineData("RequireDualStack - -", "SingleStack IPv4,IPv6 10.96.0.9,fd00:10:96::9", "SingleStack IPv4 10.96.0.9")]
    [InlineData("RequireDualStack - -", "SingleStack - -", "SingleStack IPv4 10.96.0.9")]
    [InlineData("RequireDualStack - -", "SingleStack IPv4 10.96.0.9", "SingleStack IPv4 10.96.0.9")]
    [InlineData("RequireDualStack - -", "- - -", "RequireDualStack IPv4,IPv6 10.96.0.9,fd00:10:96::9")]
    [InlineData("SingleStack - None", "RequireDualStack - None", "RequireDualStack IPv4,IPv6 None")]
    public void An_update_leads_to(string made, string update, string given)
    {
        var (spec, errors) = Update($"{Four},{Six}", made, update);
        Assert.Empty(errors);
        Assert.Equal(given, Shown(spec));
    }

    [Theory]
    [InlineData(
        "RequireDualStack - -", "RequireDualStack IPv4,IPv6 10.96.0.9",
        "spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": "
            + "must be 'SingleStack' to release the secondary cluster IP")]
    [InlineData(
        "RequireDualStack - -", "- IPv4 10.96.0.9,fd00:10:96::9",
        "spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": "
            + "must be 'SingleStack' to release the secondary IP family")]
    [InlineData(
        "RequireDualStack - -", "RequireDualStack IPv4,IPv6 10.96.0.8",
        "spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": "
            + "must be 'SingleStack' to release the secondary cluster IP")]
    [InlineData(
        "RequireDualStack - None", "RequireDualStack IPv6 None",
        "spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": "
            + "must be 'SingleStack' to release the secondary IP family")]
    [InlineData(
        "RequireDualStack - -", "RequireDualStack IPv4,IPv6 10.96.0.9,fd00:10:96::8",
        "spec.clusterIPs[1]: Invalid value: [\"10.96.0.9\",\"fd00:10:96::8\"]: may not change once set")]
    public void An_update_is_refused_in_upstreams_words(string made, string update, string finding) =>
        Assert.Equal([finding], Update($"{Four},{Six}", made, update).Errors);

    [Fact]
    public void A_service_that_prefers_two_families_stays_as_it_is_when_the_cluster_gets_the_second()
    {
        var old = Live(Four, "PreferDualStack - -");
        var item = new V1Service { Metadata = old.Metadata, Spec = Asked("PreferDualStack IPv4 10.96.0.9") };
        Strategy.SetDefaults(item);
        var spec = item.Spec;
        var errors = new FieldErrors();
        var range = new ServiceAddressRange($"{Four},{Six}", 30000, 32767);
        ServiceAddressing.Prepare(spec, old.Spec, range, errors);
        Assert.Empty(errors.All);
        Assert.True(ServiceAddressPlan.For(spec, old.Spec, range).IsEmpty);
        Assert.Equal("PreferDualStack IPv4 10.96.0.9", Shown(spec));
    }

    private static V1ServiceSpec Asked(string text)
    {
        var parts = text.Split(' ');
        return new V1ServiceSpec
        {
            Ports = [new V1ServicePort { Port = 80 }],
            Selector = new Dictionary<string, string> { ["app"] = "x" },
            IpFamilyPolicy = parts[0] == "-" ? null : parts[0],
            IpFamilies = parts[1] == "-" ? null : parts[1].Split(','),
            ClusterIP = parts[2] == "-" ? null : parts[2].Split(',')[0],
            ClusterIPs = parts[2] == "-" ? null : parts[2].Split(','),
        };
    }

    private static string Shown(V1ServiceSpec spec) =>
        $"{spec.IpFamilyPolicy} {string.Join(',', spec.IpFamilies)} {string.Join(',', spec.ClusterIPs)}";

    private static (V1ServiceSpec Spec, IEnumerable<string> Errors) Create(string ranges, V1ServiceSpec spec)
    {
        var item = new V1Service
        {
            Metadata = new V1ObjectMeta { Name = "s", NamespaceProperty = "n" }, Spec = spec,
        };
        Strategy.SetDefaults(item);
        var errors = Give(ranges, spec, null, last: 9);
        if (errors.Count == 0)
        {
            Strategy.Validate(item, errors);
        }

        return (spec, errors.All.Select(static e => $"{e.Field}: {e.Message}"));
    }

    private static (V1ServiceSpec Spec, IEnumerable<string> Errors) Update(string ranges, string made, string update)
    {
        var old = Live(ranges, made);
        var item = new V1Service { Metadata = old.Metadata, Spec = Asked(update) };
        Strategy.SetDefaults(item);
        var errors = Give(ranges, item.Spec, old.Spec, last: 10);
        if (errors.Count == 0)
        {
            Strategy.PrepareForUpdate(item, old, "");
            Strategy.ValidateUpdate(item, old, "", errors);
        }

        return (item.Spec, errors.All.Select(static e => $"{e.Field}: {e.Message}"));
    }

    private static V1Service Live(string ranges, string made)
    {
        var (spec, errors) = Create(ranges, Asked(made));
        Assert.Empty(errors);
        return new V1Service
        {
            Metadata = new V1ObjectMeta { Name = "s", NamespaceProperty = "n", ResourceVersion = "1" }, Spec = spec,
        };
    }

    private static FieldErrors Give(string ranges, V1ServiceSpec spec, V1ServiceSpec? old, int last)
    {
        var errors = new FieldErrors();
        var range = new ServiceAddressRange(ranges, 30000, 32767);
        ServiceAddressing.Prepare(spec, old, range, errors);
        if (errors.Count != 0)
        {
            return errors;
        }

        var plan = ServiceAddressPlan.For(spec, old, range);
        var answer = ServiceAddressDryRun.Answer(plan, range);
        ServiceAddressRefusals.Report(answer, plan, spec, errors);
        if (errors.Count == 0)
        {
            plan.Apply(spec, new ServiceAddressAnswer
            {
                ClusterIP = Given(plan.ClusterIP, range, last),
                SecondaryClusterIP = Given(plan.SecondaryClusterIP, range.Secondary, last),
                NodePorts = answer.NodePorts,
            });
        }

        return errors;
    }

    private static string? Given(string? wanted, ServiceAddressRange? range, int last) =>
        wanted is "" ? Host(range!, last) : wanted;

    // "10" is written so in both families.
    private static string Host(ServiceAddressRange range, int last) => range.Family == "IPv4"
        ? range.ToAddress(last)
        : range.ToAddress(last == 10 ? 0x10 : last);
}
