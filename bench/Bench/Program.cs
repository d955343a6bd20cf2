using System.CommandLine;
using OrleansOrchestrator.Bench;
using OrleansOrchestrator.Bench.Access;
using OrleansOrchestrator.Bench.Dashboard;
using OrleansOrchestrator.Bench.Logs;
using OrleansOrchestrator.Bench.Network;
using OrleansOrchestrator.Bench.Node;

var repository = new Option<string>("--root") { Description = "The repository.", Required = true };
var referee = new Option<string>("--referee") { Description = "The built load generator.", Required = true };
var pods = new Option<int>("--pods") { Description = "Pods in the API phases.", DefaultValueFactory = _ => 5000 };
var full = new Option<bool>("--full") { Description = "Also 10,000 pods on 1,000 hollow nodes." };
var apiOnly = new Option<bool>("--api-only") { Description = "Only the API phases, without controllers." };
var rollouts = new Option<bool>("--rollouts-only")
{
    Description = "Only the Deployments on hollow nodes, with --full the large one too.",
};
var output = new Option<string?>("--out") { Description = "Where the JSON goes; default bench/results/latest.json." };
var command = new RootCommand("Measures the silo.") { repository, referee, pods, full, apiOnly, rollouts, output };
command.SetAction((parsed, cancellationToken) => new BenchRun(new BenchOptions
{
    Repository = Path.GetFullPath(parsed.GetValue(repository)!),
    Referee = parsed.GetValue(referee)!,
    Pods = parsed.GetValue(pods),
    Full = parsed.GetValue(full),
    ApiOnly = parsed.GetValue(apiOnly),
    RolloutsOnly = parsed.GetValue(rollouts),
    Output = parsed.GetValue(output),
}).RunAsync(cancellationToken));
var services = new Option<int>("--services")
{
    Description = "Services to program.", DefaultValueFactory = _ => BenchRun.Services,
};
var inside = new Option<string?>("--inside")
{
    Description = "Measure in the namespaces of that prefix, in whose node this process is.", Hidden = true,
};
var network = new Command("services",
    "Measures Services and DNS of a node, in network namespaces of its own.") { services, inside };
network.SetAction(async (parsed, cancellationToken) =>
{
    if (parsed.GetValue(inside) is { } prefix)
    {
        return await NetworkBench.RunInsideAsync(prefix, parsed.GetValue(services), cancellationToken);
    }

    await NetworkBench.RunAsync(parsed.GetValue(services), cancellationToken);
    return 0;
});
command.Subcommands.Add(network);
var node = new Command("node", "Measures a cluster with a real node in the network that this process is in.") { Hidden = true };
var further = new Argument<string[]>("further")
{
    Description = "Further arguments of 'orc up'.", Arity = ArgumentArity.ZeroOrMore,
};
node.Options.Add(repository);
node.Arguments.Add(further);
node.SetAction((parsed, cancellationToken) => NodeBench.RunInsideAsync(
    new BenchOptions { Repository = Path.GetFullPath(parsed.GetValue(repository)!) },
    parsed.GetValue(further) ?? [], cancellationToken));
command.Subcommands.Add(node);
var idle = new Command(
    "idle", "Measures a cluster with a real node at rest, with and without logs, metrics and the dashboard.")
{
    repository,
};
idle.SetAction((parsed, cancellationToken) => NodeBench.CompareIdleAsync(
    new BenchOptions { Repository = Path.GetFullPath(parsed.GetValue(repository)!) }, cancellationToken));
command.Subcommands.Add(idle);
var silo = new Option<string?>("--silo") { Description = "Another program than the published silo." };
var times = new Option<int>("--rounds")
{
    Description = "How often each is measured on its cluster: the first time a silo compiles what it runs.",
    DefaultValueFactory = static _ => 2,
};
var only = new Option<string>("--only")
{
    Description = "Only what has this in its name.", DefaultValueFactory = static _ => "",
};
var workloads = new Command("workloads", "Measures what controllers do with many objects at once.")
{
    repository, silo, only, times,
};
workloads.SetAction((parsed, cancellationToken) => new WorkloadBench(new BenchOptions
{
    Repository = Path.GetFullPath(parsed.GetValue(repository)!), OtherSilo = parsed.GetValue(silo),
    Only = parsed.GetValue(only)!,
    Rounds = parsed.GetValue(times),
}).RunAsync(cancellationToken));
command.Subcommands.Add(workloads);
var count = new Option<int>("--count")
{
    Description = "Definitions; 0 measures custom objects beside ConfigMaps alone.", DefaultValueFactory = _ => 500,
};
var definitions = new Command("definitions",
    "Measures what many CustomResourceDefinitions cost a silo, and custom objects beside ConfigMaps.")
{
    repository, silo, count,
};
definitions.SetAction((parsed, cancellationToken) => new DefinitionsBench(new BenchOptions
{
    Repository = Path.GetFullPath(parsed.GetValue(repository)!), OtherSilo = parsed.GetValue(silo),
}, parsed.GetValue(count)).RunAsync(cancellationToken));
command.Subcommands.Add(definitions);
var lines = new Option<int>("--lines") { Description = "Lines of logs.", DefaultValueFactory = _ => 10_000_000 };
var logs = new Command("logs",
    "Measures central logs: how fast they are taken, how small they are, how fast they are searched.")
{
    repository, silo, lines,
};
logs.SetAction((parsed, cancellationToken) => new LogBench(new BenchOptions
{
    Repository = Path.GetFullPath(parsed.GetValue(repository)!), OtherSilo = parsed.GetValue(silo),
}, parsed.GetValue(lines)).RunAsync(cancellationToken));
command.Subcommands.Add(logs);
var rounds = new Option<int>("--rounds") { Description = "How often, for medians.", DefaultValueFactory = _ => 7 };
var access = new Command("access", "Measures what authorization, quota and audit add to requests.")
{
    repository, referee, pods, silo, rounds,
};
access.SetAction((parsed, cancellationToken) => new AccessBench(new BenchOptions
{
    Repository = Path.GetFullPath(parsed.GetValue(repository)!), Referee = parsed.GetValue(referee)!,
    Pods = parsed.GetValue(pods), OtherSilo = parsed.GetValue(silo),
}, parsed.GetValue(rounds)).RunAsync(cancellationToken));
command.Subcommands.Add(access);
var flood = new Command("flood", "Measures what one client that floods with lists does to nodes and controllers.")
{
    repository, silo,
};
flood.SetAction((parsed, cancellationToken) => new FloodBench(new BenchOptions
{
    Repository = Path.GetFullPath(parsed.GetValue(repository)!), OtherSilo = parsed.GetValue(silo),
}).RunAsync(cancellationToken));
command.Subcommands.Add(flood);
var looks = new Option<int>("--rounds") { Description = "How often, for medians.", DefaultValueFactory = _ => 9 };
var dashboard = new Command("dashboard", "Measures how soon the dashboard is of use in Chromium.")
{
    repository, silo, pods, looks,
};
dashboard.SetAction((parsed, cancellationToken) => new DashboardBench(
    new BenchOptions
    {
        Repository = Path.GetFullPath(parsed.GetValue(repository)!), OtherSilo = parsed.GetValue(silo),
    },
    parsed.GetValue(pods), parsed.GetValue(looks)).RunAsync(cancellationToken));
command.Subcommands.Add(dashboard);
var url = new Option<string>("--url") { Description = "Where the API is.", Required = true };
var token = new Option<string>("--token") { Description = "Who floods.", Required = true };
var flooding = new Command("flooding", "Floods a cluster with lists until its input ends.") { Hidden = true };
flooding.Options.Add(url);
flooding.Options.Add(token);
flooding.SetAction((parsed, cancellationToken) => ListFlood.RunInsideAsync(
    parsed.GetValue(url)!, parsed.GetValue(token)!, cancellationToken));
command.Subcommands.Add(flooding);
return await command.Parse(args).InvokeAsync();
