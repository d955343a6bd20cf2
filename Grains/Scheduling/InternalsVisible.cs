using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("OrleansOrchestrator.Grains.Tests")]
[assembly: InternalsVisibleTo("OrleansOrchestrator.Simulation")]
[assembly: InternalsVisibleTo("OrleansOrchestrator.TestKit")]
