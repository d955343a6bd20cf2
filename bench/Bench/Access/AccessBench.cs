using System.Text.Json.Nodes;

namespace OrleansOrchestrator.Bench.Access;

/// <summary>
/// What authorization, quota and audit add to a write, and what a get costs somebody with 50 bindings: the load
/// generator against fresh silos with and without, in turn, several rounds, of which the medians count.
/// </summary>
public sealed class AccessBench(BenchOptions options, int rounds)
{
    private const string Space = "kbench";
    private const string User = "reader";
    private const string Token = "reader-token";
    private const string Phases = "create,get";
    private const int Bindings = 50;

    private const string Policy = """
        {"apiVersion":"audit.k8s.io/v1","kind":"Policy","omitStages":["RequestReceived"],"rules":[{"level":"Metadata"}]}
        """;

    private static readonly string[] Variants = ["plain", "rights", "quota", "audit"];

    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var machine = await Machine.DescribeAsync(options.Repository, TimeProvider.System, cancellationToken);
        Report.Print(machine);
        var found = Variants.ToDictionary(static v => v, static _ => new List<List<PhaseResult>>());
        for (var round = 0; round < rounds; round++)
        {
            foreach (var variant in Variants)
            {
                Report.Title($"{variant}, round {round + 1}");
                found[variant].Add(await MeasureAsync(variant, cancellationToken));
            }
        }

        var plain = Median(found["plain"], "create");
        var figures = new AccessFigures(
            Median(found["rights"], "create") - plain, Median(found["quota"], "create") - plain,
            Median(found["audit"], "create") - plain, Median(found["rights"], "get"));
        Report.Compare(new Measurements { Machine = machine, Access = figures });
        return 0;
    }

    private async Task<List<PhaseResult>> MeasureAsync(string variant, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("orc-bench-audit-").FullName;
        try
        {
            var policy = Path.Combine(folder, "policy.yaml");
            await File.WriteAllTextAsync(policy, Policy, cancellationToken);
            await using var cluster = await BenchCluster.StartAsync(
                options with
                {
                    Users = [$"{Token},{User},2"],
                    SiloArguments = variant == "audit"
                        ? ["--audit-policy-file", policy, "--audit-log-path", Path.Combine(folder, "audit.log")]
                        : [],
                },
                hollowNodes: 0, controllers: false, cancellationToken);
            var admin = new BenchClient(cluster.Client);
            await admin.CreateAsync("/api/v1/namespaces", Named(Space), cancellationToken);
            if (variant == "quota")
            {
                await BoundAsync(admin, cancellationToken);
            }

            if (variant == "rights")
            {
                await BindAsync(admin, cancellationToken);
            }

            return await Referee.RunAsync(
                options, cluster, Phases, variant == "rights" ? Token : cluster.Token, cancellationToken);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>A quota that nothing reaches. Without controllers its status is the bench's to write.</summary>
    private static async Task BoundAsync(BenchClient admin, CancellationToken cancellationToken)
    {
        const string Quotas = $"/api/v1/namespaces/{Space}/resourcequotas";
        var hard = new JsonObject { ["pods"] = "1000000", ["requests.cpu"] = "1000000" };
        var used = new JsonObject { ["pods"] = "0", ["requests.cpu"] = "0" };
        await admin.CreateAsync(
            Quotas, Named("q", ("spec", new JsonObject { ["hard"] = hard.DeepClone() })), cancellationToken);
        await admin.PatchAsync(
            $"{Quotas}/q/status",
            new JsonObject { ["status"] = new JsonObject { ["hard"] = hard, ["used"] = used } }, cancellationToken);
    }

    /// <summary>Fifty bindings to as many roles, of which one allows what is measured.</summary>
    private static async Task BindAsync(BenchClient admin, CancellationToken cancellationToken)
    {
        const string Group = "rbac.authorization.k8s.io";
        const string Below = $"/apis/{Group}/v1/namespaces/{Space}";
        for (var i = 0; i < Bindings; i++)
        {
            var name = $"r{i}";
            var isLast = i == Bindings - 1;
            await admin.CreateAsync(
                $"{Below}/roles",
                Named(name, ("rules", new JsonArray(new JsonObject
                {
                    ["apiGroups"] = new JsonArray(isLast ? "" : $"g{i}.example.com"),
                    ["resources"] = new JsonArray("pods", "serviceaccounts"),
                    ["verbs"] = new JsonArray("get", "list", "create", "patch", "delete"),
                }))),
                cancellationToken);
            await admin.CreateAsync(
                $"{Below}/rolebindings",
                Named(
                    name,
                    ("subjects", new JsonArray(new JsonObject
                    {
                        ["kind"] = "User", ["apiGroup"] = Group, ["name"] = User,
                    })),
                    ("roleRef", new JsonObject { ["kind"] = "Role", ["apiGroup"] = Group, ["name"] = name })),
                cancellationToken);
        }
    }

    private static JsonObject Named(string name, params (string Field, JsonNode Value)[] fields)
    {
        var item = new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } };
        foreach (var (field, value) in fields)
        {
            item[field] = value;
        }

        return item;
    }

    private static double Median(List<List<PhaseResult>> rounds, string phase) => rounds
        .Select(r => r.Single(p => p.Phase == phase).CpuMicroseconds).Order().ElementAt(rounds.Count / 2);
}
