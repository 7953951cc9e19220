"""The property-graph port with its adapters: Neo4j over Bolt, the embedded engine, plain memory."""
