using System.Text.Json.Nodes;

namespace OrleansOrchestrator.Bench.Access;

/// <summary>
/// What authorization, quota and audit add to a write, and what a get costs somebody with 50 bindings: the load
/// generator against two warm silos, with and without audit, each round in another order. The differences are those
/// within a round, for the machine's neighbours make one round as much dearer than another; their medians count.
/// </summary>
public sealed class AccessBench(BenchOptions options, int rounds)
{
    private const string Prefix = "kbench-";
    private const string Plain = "plain";
    private const string Rights = "rights";
    private const string Quota = "quota";
    private const string Audited = "audit";
    private const string User = "reader";
    private const string Token = "reader-token";
    private const string Phases = "create,get,delete";
    private const int Bindings = 50;

    private const string Policy = """
        {"apiVersion":"audit.k8s.io/v1","kind":"Policy","omitStages":["RequestReceived"],"rules":[{"level":"Metadata"}]}
        """;

    private static readonly string[] Variants = [Plain, Rights, Quota, Audited];

    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var machine = await Machine.DescribeAsync(options.Repository, TimeProvider.System, cancellationToken);
        Report.Print(machine);
        var folder = Directory.CreateTempSubdirectory("orc-bench-audit-").FullName;
        try
        {
            var policy = Path.Combine(folder, "policy.yaml");
            await File.WriteAllTextAsync(policy, Policy, cancellationToken);
            await using var bare = await StartAsync([], cancellationToken);
            await using var audited = await StartAsync(
                ["--audit-policy-file", policy, "--audit-log-path", Path.Combine(folder, "audit.log")],
                cancellationToken);
            await PrepareAsync(new BenchClient(bare.Client), cancellationToken);

            // The first round of a silo is compiled, and counts for nothing.
            await MeasureAsync(bare, audited, "compiling", 0, cancellationToken);
            var found = new List<Dictionary<string, List<PhaseResult>>>();
            for (var round = 1; round <= rounds; round++)
            {
                found.Add(await MeasureAsync(bare, audited, $"round {round}", round, cancellationToken));
            }

            var figures = new AccessFigures(
                Added(found, Rights), Added(found, Quota), Added(found, Audited),
                Median(found.Select(static r => Cost(r[Rights], "get"))));
            Report.Compare(new Measurements { Machine = machine, Access = figures });
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private Task<BenchCluster> StartAsync(string[] arguments, CancellationToken cancellationToken) =>
        BenchCluster.StartAsync(
            options with { Users = [$"{Token},{User},2"], SiloArguments = arguments }, hollowNodes: 0,
            controllers: false, cancellationToken);

    /// <summary>Each variant once, beginning with another one each time.</summary>
    private async Task<Dictionary<string, List<PhaseResult>>> MeasureAsync(
        BenchCluster bare, BenchCluster audited, string title, int shift, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, List<PhaseResult>>();
        for (var i = 0; i < Variants.Length; i++)
        {
            var variant = Variants[(i + shift) % Variants.Length];
            Report.Title($"{variant}, {title}");
            var cluster = variant == Audited ? audited : bare;
            found[variant] = await Referee.RunAsync(
                options, cluster, Prefix + variant, Phases, variant == Rights ? Token : cluster.Token,
                cancellationToken);
        }

        return found;
    }

    private static async Task PrepareAsync(BenchClient admin, CancellationToken cancellationToken)
    {
        await admin.CreateAsync("/api/v1/namespaces", Named(Prefix + Rights), cancellationToken);
        await admin.CreateAsync("/api/v1/namespaces", Named(Prefix + Quota), cancellationToken);
        await BindAsync(admin, cancellationToken);
        await BoundAsync(admin, cancellationToken);
    }

    private static double Added(List<Dictionary<string, List<PhaseResult>>> rounds, string variant) =>
        Median(rounds.Select(r => Cost(r[variant], "create") - Cost(r[Plain], "create")));

    private static double Cost(List<PhaseResult> phases, string phase) =>
        phases.Single(p => p.Phase == phase).CpuMicroseconds;

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
    }

    /// <summary>A quota that nothing reaches. Without controllers its status is the bench's to write.</summary>
    private static async Task BoundAsync(BenchClient admin, CancellationToken cancellationToken)
    {
        const string Quotas = $"/api/v1/namespaces/{Prefix}{Quota}/resourcequotas";
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
        const string Below = $"/apis/{Group}/v1/namespaces/{Prefix}{Rights}";
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
}
