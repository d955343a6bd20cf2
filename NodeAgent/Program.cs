using OrleansOrchestrator.NodeAgent;

return await AgentCommandLine.RunAsync(args);
