using OrleansOrchestrator.Logs.Search;

namespace OrleansOrchestrator.Api.Logs;

/// <summary>All that answers for logs, where there is a store of them.</summary>
/// <param name="Streams">Whose lines they are.</param>
/// <param name="Intake">Takes lines.</param>
/// <param name="Search">Finds lines.</param>
/// <param name="Follower">Tells lines as they come.</param>
internal sealed record LogServices(LogStreams Streams, LogIntake Intake, LogSearch Search, LogFollower Follower);
