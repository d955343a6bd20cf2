using System.Text.Json.Nodes;
using CsCheck;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.SeedKit;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Golden.Extensions;

/// <summary>
/// The set of policies in <c>docs/examples/baseline-policies.yaml</c>: each refuses what it is about, nothing else, and
/// all together say the same as Pod Security's own baseline.
/// </summary>
public sealed class PolicySetTests
{
    private const string Policies = "/apis/admissionregistration.k8s.io/v1";
    private const string Usual = """{"containers":[{"name":"c","image":"i"}]}""";

    /// <summary>Pods that are refused: what is merged into the usual one, and by which policy.</summary>
    private static readonly (string Policy, string Spec)[] Refused =
    [
        ("host-process", """
            {"os":{"name":"windows"},"hostNetwork":true,"securityContext":{"windowsOptions":{"hostProcess":true}}}
            """),
        ("namespaces-of-host", """{"hostPID":true}"""),
        ("namespaces-of-host", """{"hostNetwork":true}"""),
        ("privileged", With("securityContext", """{"privileged":true}""")),
        ("privileged", With("securityContext", """{"privileged":true}""", "initContainers", "d")),
        ("capabilities", With("securityContext", """{"capabilities":{"add":["CHOWN","NET_ADMIN"]}}""")),
        ("host-path", """{"volumes":[{"name":"v","hostPath":{"path":"/"}}]}"""),
        ("host-ports", With("ports", """[{"containerPort":80,"hostPort":80}]""")),
        ("probe-hosts", With("livenessProbe", """{"httpGet":{"host":"h","port":80}}""")),
        ("probe-hosts", With("lifecycle", """{"preStop":{"tcpSocket":{"host":"h","port":80}}}""")),
        ("apparmor", """{"securityContext":{"appArmorProfile":{"type":"Unconfined"}}}"""),
        ("selinux", """{"securityContext":{"seLinuxOptions":{"type":"spc_t"}}}"""),
        ("selinux", With("securityContext", """{"seLinuxOptions":{"user":"u"}}""")),
        ("seccomp", With("securityContext", """{"seccompProfile":{"type":"Unconfined"}}""")),
        ("sysctls", """{"securityContext":{"sysctls":[{"name":"kernel.msgmax","value":"1"}]}}"""),
    ];

    /// <summary>Pods that are taken, and come near to what is not.</summary>
    private static readonly string[] Taken =
    [
        "{}", """{"hostNetwork":false,"hostUsers":false}""",
        With("securityContext", """
            {"privileged":false,"capabilities":{"add":["CHOWN"],"drop":["ALL"]},"procMount":"Default",
            "seccompProfile":{"type":"RuntimeDefault"}}
            """),
        With("ports", """[{"containerPort":80}]"""),
        With("livenessProbe", """{"httpGet":{"port":80}}"""),
        """
        {"securityContext":{"seLinuxOptions":{"type":"container_t","level":"s0"},
        "appArmorProfile":{"type":"RuntimeDefault"},"sysctls":[{"name":"net.ipv4.tcp_syncookies","value":"1"}]},
        "volumes":[{"name":"v","emptyDir":{}}]}
        """,
    ];

    [Fact]
    public async Task Each_refuses_what_it_is_about_and_all_say_what_Pod_Security_says()
    {
        await using var host = new Server(await GoldenHost.StartAsync(disabledPlugins: []));
        await PrepareAsync(host);
        foreach (var (policy, spec) in Refused)
        {
            var answer = await AskAsync(host, "policies", spec);
            Assert.True(answer.Status == 422, $"{policy}: {answer.Body.ToJsonString()}");
            Assert.Contains(
                $"ValidatingAdmissionPolicy 'baseline-{policy}' with binding 'baseline-{policy}' denied request",
                (string?)answer.Body["message"], StringComparison.Ordinal);
            await JudgedAlikeAsync(host, spec);
        }

        foreach (var spec in Taken)
        {
            var answer = await AskAsync(host, "policies", spec);
            Assert.True(answer.Status == 201, answer.Body.ToJsonString());
        }

        await Gen.OneOf([.. Refused.Select(static r => r.Spec), .. Taken]).Array[1, 4]
            .Select(static parts => parts.Select(static p => JsonNode.Parse(p)!.AsObject()).Aggregate(Merged))
            .CheckAsync(spec => JudgedAlikeAsync(host, spec.ToJsonString()), cases: 150, threads: 2);
    }

    /// <summary>The namespaces, of which one has the policies and one the label; neither has both.</summary>
    private static async Task PrepareAsync(Server host)
    {
        foreach (var (name, label, value) in ((string, string, string)[])
            [("policies", "baseline", "enforced"), ("label", "pod-security.kubernetes.io/enforce", "baseline")])
        {
            await MakeAsync(host, "/api/v1/namespaces", $$$"""
                {"metadata":{"name":"{{{name}}}","labels":{"{{{label}}}":"{{{value}}}"} } }
                """);
            await MakeAsync(host, $"/api/v1/namespaces/{name}/serviceaccounts", """{"metadata":{"name":"default"}}""");
        }

        var text = await File.ReadAllTextAsync(Repository.PathOf("docs", "examples", "baseline-policies.yaml"));
        foreach (var document in text.Split("---\n"))
        {
            var kind = document.Contains("kind: ValidatingAdmissionPolicyBinding", StringComparison.Ordinal)
                ? "validatingadmissionpolicybindings"
                : "validatingadmissionpolicies";
            await MakeAsync(host, $"{Policies}/{kind}", document, "application/yaml");
            var cache = await host.Services.GetRequiredService<ResourceCaches>().GetAsync(
                new ResourceName("admissionregistration.k8s.io", kind), CancellationToken.None);
            await cache.ConsistentAsync(CancellationToken.None);
        }
    }

    /// <summary>A container with one more field.</summary>
    private static string With(string field, string value, string list = "containers", string name = "c") =>
        new JsonObject
        {
            [list] = new JsonArray(
                new JsonObject { ["name"] = name, ["image"] = "i", [field] = JsonNode.Parse(value) }),
        }.ToJsonString();

    private static async Task MakeAsync(Server host, string path, string body, string type = "application/json")
    {
        var made = await host.SendAsync("POST", path, body, type);
        Assert.True(made.Status == 201, made.Body.ToJsonString());
    }

    private static async Task JudgedAlikeAsync(Server host, string spec)
    {
        var (here, there) = (await AskAsync(host, "policies", spec), await AskAsync(host, "label", spec));
        Assert.True(
            (here.Status == 201) == (there.Status == 201),
            $"{spec}\npolicies: {here.Body["message"]}\nPod Security: {there.Body["message"]}");
    }

    private static Task<Answer> AskAsync(Server host, string space, string spec)
    {
        var whole = Merged(JsonNode.Parse(Usual)!.AsObject(), JsonNode.Parse(spec)!.AsObject());
        return host.SendAsync(
            "POST", $"/api/v1/namespaces/{space}/pods?dryRun=All",
            new JsonObject { ["metadata"] = new JsonObject { ["name"] = "p" }, ["spec"] = whole }.ToJsonString());
    }

    /// <summary>The second one's fields win; of objects, fields are merged.</summary>
    private static JsonObject Merged(JsonObject one, JsonObject other)
    {
        var result = (JsonObject)one.DeepClone();
        foreach (var (name, value) in other)
        {
            result[name] = result[name] is JsonObject before && value is JsonObject after
                ? Merged(before, after)
                : value?.DeepClone();
        }

        return result;
    }
}
