using System.CommandLine;
using OrleansOrchestrator.Bench;

var repository = new Option<string>("--root") { Description = "The repository.", Required = true };
var referee = new Option<string>("--referee") { Description = "The built load generator.", Required = true };
var pods = new Option<int>("--pods") { Description = "Pods in the API phases.", DefaultValueFactory = _ => 5000 };
var full = new Option<bool>("--full") { Description = "Also 10,000 pods on 1,000 hollow nodes." };
var apiOnly = new Option<bool>("--api-only") { Description = "Only the API phases, without controllers." };
var output = new Option<string?>("--out") { Description = "Where the JSON goes; default bench/results/latest.json." };
var command = new RootCommand("Measures the silo.") { repository, referee, pods, full, apiOnly, output };
command.SetAction((parsed, cancellationToken) => new BenchRun(new BenchOptions
{
    Repository = Path.GetFullPath(parsed.GetValue(repository)!),
    Referee = parsed.GetValue(referee)!,
    Pods = parsed.GetValue(pods),
    Full = parsed.GetValue(full),
    ApiOnly = parsed.GetValue(apiOnly),
    Output = parsed.GetValue(output),
}).RunAsync(cancellationToken));
return await command.Parse(args).InvokeAsync();
