using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using OrleansOrchestrator.Micro;

// In this process: the project that BenchmarkDotNet would generate and build is not served by this repository's central
// package versions.
var config = DefaultConfig.Instance.AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance));
BenchmarkSwitcher.FromAssembly(typeof(PodBenchmarks).Assembly).Run(args.Length > 0 ? args : ["--filter", "*"], config);
