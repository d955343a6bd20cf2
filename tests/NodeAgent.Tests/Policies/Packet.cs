namespace OrleansOrchestrator.NodeAgent.Tests.Policies;

/// <summary>The first packet of a connection.</summary>
internal sealed record Packet(string From, string To, string Protocol, int Port);
