using BenchmarkDotNet.Running;
using OrleansOrchestrator.Micro;

BenchmarkSwitcher.FromAssembly(typeof(PodBenchmarks).Assembly).Run(args.Length > 0 ? args : ["--filter", "*"]);
