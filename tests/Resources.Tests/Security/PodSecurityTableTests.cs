using System.Text;
using k8s.Models;
using OrleansOrchestrator.Resources.Core.Pods.PodSecurity;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Security;

/// <summary>
/// The Pod Security Standards, a table: what each check says since which version. Every row is one violation alone: the
/// rest of the pod is as the restricted level wants it.
/// </summary>
public sealed class PodSecurityTableTests
{
    private const string Good =
        "\"allowPrivilegeEscalation\":false,\"runAsNonRoot\":true,\"capabilities\":{\"drop\":[\"ALL\"]},\"seccompProfile\":{\"type\":\"RuntimeDefault\"}";

    /// <summary>Check, level, first and last version that find it, what the pod has, what is said.</summary>
    public static TheoryData<string, int, int?, string, string> Violations => new()
    {
        {
            "restricted", 8, 24, Spec(Container(
                "a", ""), os: "windows", pod: "\"runAsNonRoot\":true,\"seccompProfile\":{\"type\":\"RuntimeDefault\"}"),
            "allowPrivilegeEscalation != false (container \"a\" must set securityContext.allowPrivilegeEscalation=false)"
        },
        {
            "restricted", 8, null, Spec(Container("a", Good.Replace("false,", "true,", StringComparison.Ordinal))),
            "allowPrivilegeEscalation != false (container \"a\" must set securityContext.allowPrivilegeEscalation=false)"
        },
        {
            "baseline", 0, null, Spec(Container("a", $"{Good},\"appArmorProfile\":{{\"type\":\"Unconfined\"}}"),
                pod: "\"appArmorProfile\":{\"type\":\"Other\"}"),
            "forbidden AppArmor profiles (pod and container \"a\" must not set AppArmor profile type to \"Other\", \"Unconfined\")"
        },
        {
            "baseline", 0, null, Annotated("container.apparmor.security.beta.kubernetes.io/a", "unconfined"),
            "forbidden AppArmor profile (annotation must not set AppArmor profile type to " +
            "\"container.apparmor.security.beta.kubernetes.io/a=\"unconfined\"\")"
        },
        {
            "baseline", 0, null,
            Spec($"{Container("a", Adding("SYS_TIME", "NET_RAW"))},{Container("b", Adding("CHOWN"))}"),
            "non-default capabilities (container \"a\" must not include \"NET_RAW\", \"SYS_TIME\" in securityContext.capabilities.add)"
        },
        {
            "restricted", 22, null,
            Spec($"{Container("a", Adding("CHOWN"))},{Container("b", Adding("NET_BIND_SERVICE"))}"),
            "unrestricted capabilities (container \"a\" must not include \"CHOWN\" in securityContext.capabilities.add)"
        },
        {
            "restricted", 22, null,
            Spec(Container("a", Good.Replace("[\"ALL\"]", "[\"all\"]", StringComparison.Ordinal))),
            "unrestricted capabilities (container \"a\" must set securityContext.capabilities.drop=[\"ALL\"])"
        },
        { "baseline", 0, null, Spec(extra: "\"hostNetwork\":true,\"hostIPC\":true,\"hostPID\":true"),
            "host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)" },
        {
            "baseline", 0, null, Spec(extra: "\"volumes\":[{\"name\":\"b\",\"hostPath\":{\"path\":\"/\"}},{\"name\":\"a\",\"hostPath\":{\"path\":\"/\"}}]"),
            "hostPath volumes (volumes \"b\", \"a\")"
        },
        {
            "baseline", 0, null, Spec($"{Container("a", Good, Ports(9, 80, 10))},{Container("b", Good, Ports(80, 0))},{Container("c", Good, Ports(0))}"),
            "hostPort (containers \"a\", \"b\" use hostPorts 10, 80, 9)"
        },
        {
            "baseline", 34, null,
            Spec($"{Container("z", Good, "\"livenessProbe\":{\"httpGet\":{\"port\":1,\"host\":\"h2\"}}")}," +
                $"{Container("a", Good, "\"lifecycle\":{\"preStop\":{\"tcpSocket\":{\"port\":1,\"host\":\"127.0.0.1\"}}}")}"),
            "probe or lifecycle host (containers \"a\", \"z\" use probe or lifecycle hosts \"127.0.0.1\", \"h2\")"
        },
        {
            "baseline", 0, null, Spec(Container("a", $"{Good},\"privileged\":true"),
                extra: $"\"initContainers\":[{Container("i", $"{Good},\"privileged\":true")}]," +
                $"\"ephemeralContainers\":[{Container("e", $"{Good},\"privileged\":true")}]"),
            "privileged (containers \"i\", \"a\", \"e\" must not set securityContext.privileged=true)"
        },
        {
            "baseline", 0, null, Spec(Container("a", $"{Good},\"procMount\":\"Unmasked\"")),
            "procMount (container \"a\" must not set securityContext.procMount to \"Unmasked\")"
        },
        {
            "baseline", 0, 34, Spec(Container("a", $"{Good},\"procMount\":\"Unmasked\""), extra: "\"hostUsers\":false"),
            "procMount (container \"a\" must not set securityContext.procMount to \"Unmasked\")"
        },
        {
            "restricted", 0, null,
            Spec(Container("a", $"{Good},\"procMount\":\"Unmasked\""), extra: "\"hostUsers\":false"),
            "procMount (container \"a\" must not set securityContext.procMount to \"Unmasked\")"
        },
        {
            "restricted", 0, null, Spec(extra: "\"volumes\":[{\"name\":\"n\",\"nfs\":{\"server\":\"s\",\"path\":\"/\"}},{\"name\":\"h\",\"hostPath\":{\"path\":\"/\"}}," +
                "{\"name\":\"i\",\"image\":{\"reference\":\"r\"}},{\"name\":\"e\",\"emptyDir\":{}}]"),
            "restricted volume types (volumes \"n\", \"h\" use restricted volume types \"hostPath\", \"nfs\")"
        },
        {
            "restricted", 0, null, Spec(extra: "\"volumes\":[{\"name\":\"x\"}]"),
            "restricted volume types (volume \"x\" uses restricted volume type \"unknown\")"
        },
        {
            "restricted", 0, null, Spec(Container("a", Good.Replace(
                "Root\":true", "Root\":false", StringComparison.Ordinal)), pod: "\"runAsNonRoot\":false"),
            "runAsNonRoot != true (pod and container \"a\" must not set securityContext.runAsNonRoot=false)"
        },
        {
            "restricted", 0, 34,
            Spec(Container("a", Good.Replace("\"runAsNonRoot\":true,", "", StringComparison.Ordinal)),
                extra: "\"hostUsers\":false"),
            "runAsNonRoot != true (pod or container \"a\" must set securityContext.runAsNonRoot=true)"
        },
        { "restricted", 23, null, Spec(Container("a", $"{Good},\"runAsUser\":0"), pod: "\"runAsUser\":0"),
            "runAsUser=0 (pod and container \"a\" must not set runAsUser=0)" },
        { "restricted", 23, 34, Spec(
            pod: "\"runAsUser\":0", extra: "\"hostUsers\":false"), "runAsUser=0 (pod must not set runAsUser=0)" },
        {
            "baseline", 0, null, Spec(Container("a", $"{Good},\"seLinuxOptions\":{{\"user\":\"u\",\"type\":\"b\"}}"),
                pod: "\"seLinuxOptions\":{\"type\":\"a\"}"),
            "seLinuxOptions (pod and container \"a\" set forbidden securityContext.seLinuxOptions: types \"a\", \"b\"; user may not be set)"
        },
        {
            "baseline", 0, null, Spec(pod: "\"seLinuxOptions\":{\"role\":\"r\"}"),
            "seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: role may not be set)"
        },
        {
            "baseline", 0, 30, Spec(pod: "\"seLinuxOptions\":{\"type\":\"container_engine_t\"}"),
            "seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type \"container_engine_t\")"
        },
        {
            "baseline", 0, 18, Annotated("seccomp.security.alpha.kubernetes.io/pod", "unconfined"),
            "seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod=\"unconfined\")"
        },
        {
            "baseline", 0, 18, Annotated("container.seccomp.security.alpha.kubernetes.io/c", "x"),
            "seccompProfile (forbidden annotation container.seccomp.security.alpha.kubernetes.io/c=\"x\")"
        },
        {
            "baseline", 19, null, Spec(Container("a", Good.Replace(
                "RuntimeDefault", "Unconfined", StringComparison.Ordinal)), pod: "\"seccompProfile\":{\"type\":\"X\"}"),
            "seccompProfile (pod and container \"a\" must not set securityContext.seccompProfile.type to \"Unconfined\", \"X\")"
        },
        {
            "restricted", 19, null, Spec(Container(
                "a", Good.Replace(",\"seccompProfile\":{\"type\":\"RuntimeDefault\"}", "", StringComparison.Ordinal))),
            "seccompProfile (pod or container \"a\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")"
        },
        { "baseline", 0, null, Sysctls(
            "kernel.msgmax", "kernel.msgmnb"), "forbidden sysctls (kernel.msgmax, kernel.msgmnb)" },
        { "baseline", 0, 26, Sysctls(
            "net.ipv4.ip_local_reserved_ports"), "forbidden sysctls (net.ipv4.ip_local_reserved_ports)" },
        { "baseline", 0, 28, Sysctls(
            "net.ipv4.tcp_keepalive_time"), "forbidden sysctls (net.ipv4.tcp_keepalive_time)" },
        { "baseline", 0, 31, Sysctls("net.ipv4.tcp_rmem"), "forbidden sysctls (net.ipv4.tcp_rmem)" },
        {
            "baseline", 0, null, Spec(Container("a", $"{Good},\"windowsOptions\":{{\"hostProcess\":true}}"),
                pod: "\"windowsOptions\":{\"hostProcess\":true}"),
            "hostProcess (pod and container \"a\" must not set securityContext.windowsOptions.hostProcess=true)"
        },
    };

    [Theory]
    [MemberData(nameof(Violations))]
    public void EachCheckSpeaksFromItsFirstVersionToItsLast(
        string level, int first, int? last, string pod, string expected)
    {
        for (var minor = 0; minor <= 36; minor++)
        {
            var speaks = minor >= first && minor <= (last ?? int.MaxValue);
            Assert.Equal(speaks, Evaluate(level, minor, pod).Details.Contains(expected, StringComparison.Ordinal));
        }

        Assert.Equal(last is null, Evaluate(level, null, pod).Details.Contains(expected, StringComparison.Ordinal));
        Assert.Equal(last is null, Evaluate(level, 10_000, pod).Details.Contains(expected, StringComparison.Ordinal));
    }

    /// <summary>
    /// At the newest version nothing else is found in the pods of the table, and nothing in a good one.
    /// </summary>
    [Fact]
    public void NothingElseIsFound()
    {
        foreach (var row in Violations.Where(r => r.Data.Item3 is null))
        {
            var (level, _, _, pod, expected) = row.Data;
            Assert.Equal(expected, Evaluate(level, null, pod).Details);
        }

        Assert.True(Evaluate("restricted", null, Spec()).IsEmpty);
        Assert.True(Evaluate("baseline", null, Spec(Container("a", ""))).IsEmpty);
        Assert.True(Evaluate("privileged", null, Spec(extra: "\"hostNetwork\":true")).IsEmpty);
    }

    [Fact]
    public void FindingsComeInTheOrderOfTheChecks()
    {
        var everything = Spec(
            Container("a", "\"privileged\":true", Ports(1)),
            extra: "\"hostPID\":true,\"volumes\":[{\"name\":\"h\",\"hostPath\":{\"path\":\"/\"}}]");
        Assert.Equal(
            "host namespaces, hostPath volumes, hostPort, privileged", Evaluate("baseline", null, everything).Reasons);
        Assert.Equal(
            "host namespaces, hostPort, privileged, allowPrivilegeEscalation != false, unrestricted capabilities, restricted volume types, " +
            "runAsNonRoot != true, seccompProfile",
            Evaluate("restricted", null, everything).Reasons);
    }

    [Fact]
    public void PodsForWindowsNeedNotSayWhatWindowsLacks()
    {
        var pod = Spec(Container("a", "\"runAsNonRoot\":true"), os: "windows");
        Assert.True(Evaluate("restricted", 25, pod).IsEmpty);
        Assert.Equal("allowPrivilegeEscalation != false, unrestricted capabilities, seccompProfile", Evaluate(
            "restricted", 24, pod).Reasons);
    }

    private static PodSecurityFindings Evaluate(string level, int? minor, string json)
    {
        Assert.True(LevelVersion.TryParseLevel(level, out var parsed));
        var pod = ResourceCodec.Decode<V1Pod>(Encoding.UTF8.GetBytes(json));
        return PodSecurityStandards.Evaluate(
            new LevelVersion(parsed, new PodSecurityVersion(minor)), pod.Metadata, pod.Spec);
    }

    private static string Spec(string? containers = null, string pod = "", string extra = "", string? os = null) =>
        $"{{\"metadata\":{{}},\"spec\":{{\"containers\":[{containers ?? Container("a", Good)}],\"securityContext\":{{{pod}}}" +
        $"{(os is null ? "" : $",\"os\":{{\"name\":\"{os}\"}}")}{(extra.Length == 0 ? "" : "," + extra)}}}}}";

    private static string Container(string name, string security, string extra = "") =>
        $"{{\"name\":\"{name}\",\"image\":\"i\",\"securityContext\":{{{security}}}{(extra.Length == 0 ? "" : "," + extra)}}}";

    private static string Adding(params string[] capabilities) => Good.Replace(
        "\"drop\":", $"\"add\":[{string.Join(',', capabilities.Select(c => $"\"{c}\""))}],\"drop\":",
        StringComparison.Ordinal);

    private static string Ports(params int[] ports) =>
        $"\"ports\":[{string.Join(',', ports.Select(p => $"{{\"containerPort\":1,\"hostPort\":{p}}}"))}]";

    private static string Sysctls(params string[] names) =>
        Spec(pod: $"\"sysctls\":[{string.Join(',', names.Select(n => $"{{\"name\":\"{n}\",\"value\":\"1\"}}"))}]");

    private static string Annotated(string key, string value) => Spec(Container("c", Good)).Replace(
        "\"metadata\":{}", $"\"metadata\":{{\"annotations\":{{\"{key}\":\"{value}\"}}}}", StringComparison.Ordinal);
}
